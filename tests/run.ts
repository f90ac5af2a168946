import type { TestCase, TestModule } from 'vitest/node';
import { startVitest } from 'vitest/node';
import { BUILD_STEP, STATIC_STEPS, UNUSED_STEP, runStep } from '../tools/steps.ts';

/**
 * `npm test`: everything there is. Static checks and the build count as one test each, then unit, property, contract,
 * golden, architecture and bundle tests, then the end-to-end tests on a real forge and runner. With CI=true nothing may
 * be skipped. Arguments choose test files by parts of their path. The last line is the count; exit code 0 only without a
 * failure.
 */
interface Count {
  passed: number;
  failed: number;
  skipped: number;
}
const count: Count = { passed: 0, failed: 0, skipped: 0 };
const mustRunAll = process.env['CI'] === 'true';

for (const step of [...STATIC_STEPS, UNUSED_STEP, BUILD_STEP]) {
  const green = runStep(step);
  console.log(`${green ? 'ok  ' : 'FAIL'} ${step.name}`);
  count[green ? 'passed' : 'failed'] += 1;
}

const skippedFiles = new Set<string>();
const vitest = await startVitest('test', process.argv.slice(2), { watch: false, reporters: ['default'] });
for (const module of vitest.state.getTestModules()) countModule(module);
for (const error of vitest.state.getUnhandledErrors()) {
  console.log(`an error outside any test: ${error instanceof Error ? error.stack : String(error)}`);
  count.failed += 1;
}
if (count.passed + count.skipped <= STATIC_STEPS.length + 2) {
  console.log('no test was found: the run proves nothing');
  count.failed += 1;
}
await vitest.close();

if (count.skipped > 0) {
  console.log(
    `skipped: ${[...skippedFiles].join(', ')}. What is missing stands above; CI=true makes a skipped test fail.`,
  );
  if (mustRunAll) {
    count.failed += count.skipped;
    count.skipped = 0;
  }
}
console.log(`\n${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}`);
process.exit(count.failed === 0 ? 0 : 1);

function countModule(module: TestModule): void {
  const tests: TestCase[] = [...module.children.allTests()];
  // A file or a suite's hook that failed: its tests never ran and must not look as if they had.
  const broken = [module, ...module.children.allSuites()].reduce((sum, holder) => sum + holder.errors().length, 0);
  count.failed += broken;
  for (const test of tests) {
    const { state } = test.result();
    if (state === 'passed') count.passed += 1;
    else if (state === 'skipped' && broken === 0) {
      count.skipped += 1;
      skippedFiles.add(module.moduleId.replace(`${process.cwd()}/`, ''));
    } else if (state === 'failed' || state === 'pending') count.failed += 1;
  }
}
