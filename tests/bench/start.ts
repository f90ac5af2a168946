// Prints "start of any bundled action ÷ bare `node -e 0`" (design §11). A start reaches from the birth of the process to
// the point where the action has read its inputs and would begin to work: without inputs it says so and ends.
// Processor time is judged, which is the wall time of a machine that does nothing else; the wall of this one stands beside.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actionFolders, buildActions } from '../../tools/build.ts';
import { median, tellResult } from './report.ts';

const TARGET = { sign: '≤', value: 2.5 } as const;
const ROUNDS = 11;
const TOP = join(import.meta.dirname, '..', '..');
/** Loaded before the program of every process measured, the bare one too: tells its processor time at its end. */
const METER = "process.on('exit', () => require('fs').writeSync(3, JSON.stringify(process.cpuUsage())));\n";

interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
}
const folder = mkdtempSync(join(tmpdir(), 'conveyor-bench-start-'));
const [meter, output] = [join(folder, 'meter.cjs'), join(folder, 'output')];
try {
  const dist = join(folder, 'dist');
  await buildActions(TOP, dist);
  writeFileSync(meter, METER);
  // The runner makes this file before each step.
  writeFileSync(output, '');
  const rows = actionFolders(TOP).map((action) => ({ action, bare: [] as Cost[], own: [] as Cost[] }));
  for (let round = 0; round <= ROUNDS; round += 1)
    for (const row of rows) {
      const bare = run(['-e', '0'], /^$/, 0);
      const own = run([join(dist, `${row.action}.mjs`)], /::error::INPUT_INVALID: /, 1);
      // The first round fills the caches of the machine.
      if (round === 0) continue;
      row.bare.push(bare);
      row.own.push(own);
    }
  // It is the same program each time: all of its runs are one measurement.
  const bare = rows.flatMap((row) => row.bare);
  const ratios = rows.map(({ action, own }) => {
    const cpu = [middle(own, 'cpuMs'), middle(bare, 'cpuMs')] as const;
    const wall = [middle(own, 'wallMs'), middle(bare, 'wallMs')] as const;
    const ratio = cpu[0] / cpu[1];
    console.log(`${action.padEnd(24)} ${show(cpu)} = ${ratio.toFixed(2)} (wall ${show(wall)})`);
    return { action, ratio };
  });
  const worst = ratios.reduce((a, b) => (a.ratio >= b.ratio ? a : b));
  tellResult(`start of an action ÷ bare node -e 0, the slowest (${worst.action})`, worst.ratio, TARGET);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** One process; an end other than the expected one is not a start. */
function run(args: readonly string[], said: RegExp, code: number): Cost {
  const started = performance.now();
  const ended = spawnSync(process.execPath, ['--require', meter, ...args], {
    env: { PATH: process.env['PATH'] ?? '', GITHUB_OUTPUT: output },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const wallMs = performance.now() - started;
  if (ended.status !== code || !said.test(ended.stdout))
    throw new Error(`${args.join(' ')} ended with ${ended.status ?? ended.signal}:\n${ended.stdout}${ended.stderr}`);
  const { user, system } = JSON.parse(ended.output[3] ?? '') as NodeJS.CpuUsage;
  return { cpuMs: (user + system) / 1000, wallMs };
}

function middle(costs: readonly Cost[], of: keyof Cost): number {
  return median(costs.map((cost) => cost[of]));
}

function show([own, bare]: readonly [number, number]): string {
  return `${own.toFixed(0).padStart(4)} ms ÷ ${bare.toFixed(0).padStart(3)} ms`;
}
