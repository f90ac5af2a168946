import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const top = join(import.meta.dirname, '..');
const bin = (name: string) => join(top, 'node_modules', '.bin', name);

/** One static check of the project: a program that is green when it exits 0. */
export interface CheckStep {
  readonly name: string;
  readonly argv: readonly string[];
}

/** What can be said about the sources without running them, cheapest first. */
export const STATIC_STEPS: readonly CheckStep[] = [
  { name: 'format', argv: [bin('oxfmt'), '--check', '.'] },
  { name: 'lint', argv: [bin('oxlint'), '--deny-warnings'] },
  { name: 'types', argv: [bin('tsc'), '--project', '.'] },
];
const tests = (project: string): CheckStep => ({ name: project, argv: [bin('vitest'), 'run', '--project', project] });
export const UNIT_STEP = tests('unit');
export const ARCHITECTURE_STEP = tests('architecture');
export const BUILD_STEP: CheckStep = { name: 'build', argv: [process.execPath, join(top, 'tools', 'build.ts')] };
export const BUNDLE_STEP = tests('bundle');
export const UNUSED_STEP: CheckStep = { name: 'unused', argv: [bin('knip')] };

/** Runs one step with its output on ours; true = exit 0. A program that does not start is red. */
export function runStep(step: CheckStep): boolean {
  const [program = '', ...args] = step.argv;
  const ended = spawnSync(program, args, { cwd: top, stdio: 'inherit' });
  if (ended.error !== undefined) console.log(`${step.name} did not start: ${ended.error.message}. Run "npm ci" first.`);
  return ended.status === 0;
}
