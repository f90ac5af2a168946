import { defineConfig } from 'vitest/config';

const NOT_OURS = ['**/node_modules/**', 'dist/**', '.cache/**', '.git/**'];
const END_TO_END = '**/*.e2e.test.ts';

/** One group of test files that `npm run check` and `npm test` run and report by name. */
const project = (name: string, include: readonly string[], exclude: readonly string[], more: object = {}) => ({
  test: {
    name,
    include: [...include],
    exclude: [...NOT_OURS, ...exclude],
    setupFiles: ['./tests/support/quiet-console.ts'],
    // Real git, servers and child processes: a hang must fail, a busy machine must not.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    ...more,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', ['**/*.test.ts'], [END_TO_END, 'tests/{architecture,bundle}/**']),
      project('architecture', ['tests/architecture/*.test.ts'], []),
      project('bundle', ['tests/bundle/*.test.ts'], [END_TO_END]),
      // One real forge and runner at a time, after everything that is fast.
      project('e2e', [END_TO_END], [], {
        fileParallelism: false,
        sequence: { groupOrder: 1 },
        testTimeout: 600_000,
        hookTimeout: 900_000,
      }),
    ],
  },
});
