import { join } from 'node:path';
import { exec } from '@actions/exec';
import { errorText } from '../lib/base/errors.ts';

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

/** Runs one step, its command line and output on ours; true = exit 0. A program that does not start is red. */
export async function runStep(step: CheckStep): Promise<boolean> {
  const [program = '', ...args] = step.argv;
  try {
    return (await exec(program, args, { cwd: top, ignoreReturnCode: true })) === 0;
  } catch (thrown) {
    console.log(`${step.name} did not start: ${errorText(thrown)}. Run "npm ci" first.`);
    return false;
  }
}
