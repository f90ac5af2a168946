// A small command-line agent for tests of the command adapter: `cli-agent.mjs <behaviour> [arguments]`.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import process, { argv, env, execPath, exit } from 'node:process';

const [behaviour, first, second] = argv.slice(2);
const hang = () => setInterval(() => {}, 60_000);
const behaviours = {
  /** Writes the prompt it was given, changes a file, reports its use. */
  work() {
    writeFileSync('made.txt', `${readFileSync(first === 'stdin' ? 0 : first, 'utf8')}\n`);
    appendFileSync('given.txt', 'changed\n');
    if (second !== undefined) {
      const use = {
        model: 'm-1',
        input_tokens: 1200,
        cache_read_tokens: 83_000,
        cache_creation_tokens: 900,
        output_tokens: 4500,
        cost_usd: 0.21,
      };
      writeFileSync(second, JSON.stringify(use));
    }
    console.log('all done');
  },
  env: () =>
    console.log(
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .toSorted()
        .join('\n'),
    ),
  hang() {
    console.log('waiting');
    hang();
  },
  deaf() {
    process.on('SIGTERM', () => console.log('still here'));
    console.log('waiting');
    hang();
  },
  orphan() {
    const child = spawn(execPath, ['-e', 'setTimeout(() => {}, 600000)'], { detached: true, stdio: 'ignore' });
    child.unref();
    writeFileSync('orphan.pid', String(child.pid));
  },
  print: () => console.log(first),
  exit: () => exit(Number(first)),
  crash() {
    throw new Error('broken');
  },
  killed: () => process.kill(process.pid, 'SIGKILL'),
  usage: () => writeFileSync(first, second),
};
behaviours[behaviour]();
