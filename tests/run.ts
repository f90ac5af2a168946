import { relative } from 'node:path';
import type { TestModule, Vitest } from 'vitest/node';
import { startVitest } from 'vitest/node';
import { BUILD_STEP, STATIC_STEPS, UNUSED_STEP, runStep } from '../tools/steps.ts';

/**
 * `npm test`: everything there is. Static checks and the build count as one test each, then unit, property, contract,
 * golden, architecture and bundle tests, then the end-to-end tests on a real forge and runner. With CI=true nothing may
 * be skipped. Arguments choose test files by parts of their path. The last line is the count; exit code 0 only without a
 * failure.
 */
let passed = 0;
let failed = 0;
let skipped = 0;
const skippedFiles = new Set<string>();

for (const step of [...STATIC_STEPS, UNUSED_STEP, BUILD_STEP]) {
  const green = await runStep(step);
  console.log(`${green ? 'ok  ' : 'FAIL'} ${step.name}`);
  if (green) passed += 1;
  else failed += 1;
}

try {
  const vitest = await startVitest('test', process.argv.slice(2), { watch: false, reporters: ['default'] });
  countTests(vitest);
  await vitest.close();
} catch (thrown) {
  console.log(thrown);
  failed += 1;
}

if (skipped > 0) {
  console.log(
    `skipped: ${[...skippedFiles].join(', ')}. What is missing stands above; with CI=true a skipped test fails.`,
  );
  if (process.env['CI'] === 'true') [failed, skipped] = [failed + skipped, 0];
}
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);

function countTests(vitest: Vitest): void {
  const modules = vitest.state.getTestModules();
  const before = passed + failed + skipped;
  for (const module of modules) countModule(module);
  // Errors outside any test; the reporter has shown them.
  failed += vitest.state.getUnhandledErrors().length;
  if (passed + failed + skipped > before) return;
  console.log('no test was found: the run proves nothing');
  failed += 1;
}

function countModule(module: TestModule): void {
  // A file that did not load, or a suite's hook that failed: its tests never ran, and must not pass as skipped.
  const broken = [module, ...module.children.allSuites()].reduce((sum, holder) => sum + holder.errors().length, 0);
  failed += broken;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') passed += 1;
    else if (state !== 'skipped') failed += 1;
    else if (broken === 0) {
      skipped += 1;
      skippedFiles.add(relative(process.cwd(), module.moduleId));
    }
  }
}
