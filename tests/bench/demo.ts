import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median, tellResult } from './report.ts';

/** The demo of one item: seconds by the wall, and its ratio to the git commands that it runs. spec: design §11 */
const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));
const RUNS = 3;

const wall: number[] = [];
const ratio: number[] = [];
for (let run = 0; run < RUNS; run += 1) {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'demo', '--json'], {
    maxBuffer: 16 * 1024 * 1024,
  });
  const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { stage: string; wall_s: number; git_s: number };
  if (result.stage !== 'done') throw new Error(`the demo ended in ${result.stage}`);
  wall.push(result.wall_s);
  ratio.push(result.wall_s / result.git_s);
}
console.log(`demo ÷ its git commands: ${median(ratio).toFixed(2)} (reported, no target)`);
tellResult('demo of one item, seconds', median(wall), { sign: '≤', value: 6 });
