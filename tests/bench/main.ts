import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { type Result, isReached, parseResult } from './report.ts';

/** `npm run bench [name …]`: runs the benchmarks one after the other and closes with one table of their ratios. */
const ALL = ['start', 'ledger', 'relay', 'demo', 'happy'] as const;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !ALL.some((known) => known === name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}: there are ${ALL.join(', ')}`);
  process.exit(2);
}

const results: Result[] = [];
const broken: string[] = [];
for (const name of ALL.filter((known) => wanted.length === 0 || wanted.includes(known))) {
  console.log(`== ${name}`);
  const child = spawn(process.execPath, [fileURLToPath(new URL(`${name}.ts`, import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const before = results.length;
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line);
    const result = parseResult(line);
    if (result !== null) results.push(result);
  }
  // A benchmark that measured nothing has not passed.
  if (results.length === before) broken.push(name);
}

console.log('\nname | measured | target | ok');
for (const result of results) {
  const { name, measured, target } = result;
  console.log(
    `${name} | ${measured.toFixed(2)} | ${target.sign} ${target.value} | ${isReached(result) ? 'yes' : 'NO'}`,
  );
}
for (const name of broken) console.log(`${name} | – | – | measured nothing`);
process.exitCode = broken.length === 0 && results.every(isReached) ? 0 : 1;
