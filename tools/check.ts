import { performance } from 'node:perf_hooks';
import { ARCHITECTURE_STEP, BUILD_STEP, BUNDLE_STEP, STATIC_STEPS, UNIT_STEP, UNUSED_STEP, runStep } from './steps.ts';

// All of them, also after a red one: who fixes wants the whole list.
const results: { readonly name: string; readonly green: boolean; readonly seconds: number }[] = [];
for (const step of [...STATIC_STEPS, UNIT_STEP, ARCHITECTURE_STEP, BUILD_STEP, BUNDLE_STEP, UNUSED_STEP]) {
  const from = performance.now();
  const green = await runStep(step);
  results.push({ name: step.name, green, seconds: (performance.now() - from) / 1000 });
}
console.log();
for (const { name, green, seconds } of results)
  console.log(`${green ? 'ok  ' : 'FAIL'} ${name.padEnd(13)} ${seconds.toFixed(1)} s`);
process.exitCode = results.every(({ green }) => green) ? 0 : 1;
