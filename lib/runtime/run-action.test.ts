import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Ended {
  readonly code: number | null;
  readonly log: string;
  readonly summary: string;
  /** Output file of the runner: the last value of a name counts. */
  readonly outputs: Readonly<Record<string, string>>;
}

const RUN = { GITHUB_SERVER_URL: 'http://forge.test/', GITHUB_REPOSITORY: 'acme/trails', GITHUB_RUN_ID: '8123' };

async function runFixture(
  env: Readonly<Record<string, string>>,
  onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-run-action-'));
  const [output, summary] = [join(folder, 'output'), join(folder, 'summary')];
  writeFileSync(output, '');
  writeFileSync(summary, '');
  try {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'run-action-fixture.ts')], {
      env: { PATH: process.env['PATH'] ?? '', ...RUN, GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary, ...env },
    });
    let log = '';
    const take = (chunk: Buffer) => {
      log += chunk.toString();
      onLine?.(chunk.toString(), (signal) => child.kill(signal));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const code = await new Promise<number | null>((done) => child.on('close', done));
    const outputs = [...readFileSync(output, 'utf8').matchAll(/^(.+)<<(.+)\n([\s\S]*?)\n\2$/gm)];
    return {
      code,
      log,
      summary: readFileSync(summary, 'utf8'),
      outputs: Object.fromEntries(outputs.map((found) => [found[1], found[3]])),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('runAction', () => {
  it('a pass is green and carries its outputs and summary', async () => {
    const ended = await runFixture({ INPUT_MODE: 'pass', INPUT_ROUND: '2' });
    expect(ended).toMatchObject({ code: 0, summary: '## All well\n', outputs: { result: 'pass', sha: 'abc' } });
    expect(ended.log).toContain('round 2 of acme/trails, run 8123');
    expect(ended.log).toContain('## All well');
  });

  it('a fail is red with its line, and says so in the output', async () => {
    const ended = await runFixture({ INPUT_MODE: 'fail' });
    expect(ended).toMatchObject({ code: 1, outputs: { result: 'fail' } });
    expect(ended.log).toContain('::error::two findings');
  });

  it('H-FUI-7: a configuration error is red with class, cause, next step and owner, and without a stack', async () => {
    const ended = await runFixture({ INPUT_MODE: 'config' });
    expect(ended).toMatchObject({ code: 1, outputs: { result: 'error' } });
    expect(ended.summary.split('\n')).toEqual([
      '❌ fixture · error · CONFIG_INVALID',
      'Class: config',
      'Cause: config.yml: limits.runs must be 1 or more',
      'Evidence: http://forge.test/acme/trails/actions/runs/8123',
      'Next: change what the cause names, then run it again',
      'Who: whoever owns the configuration of this repository',
      '',
    ]);
    expect(ended.log).not.toContain('    at ');
  });

  it('H-FUI-7: an error of no known class is a bug of ours and names the operator', async () => {
    const ended = await runFixture({ INPUT_MODE: 'bug' });
    expect(ended.summary).toContain('Class: unknown');
    expect(ended.summary).toContain('Who: operator');
    expect(ended.code).toBe(1);
  });

  it('all faulty inputs are named at once, and no value is quoted', async () => {
    const ended = await runFixture({ INPUT_ROUND: 'sesame-value' });
    expect(ended.code).toBe(1);
    expect(ended.log).toContain('INPUT_INVALID: fixture: input mode is missing; input round: must be a whole number');
    expect(ended.log).not.toContain('sesame-value');
  });

  it('outside a run it says which variables are missing', async () => {
    const ended = await runFixture({ INPUT_MODE: 'pass', GITHUB_SERVER_URL: '', GITHUB_RUN_ID: 'x' });
    expect(ended.log).toContain('RUN_CONTEXT');
    expect(ended.log).toContain('GITHUB_SERVER_URL is empty; GITHUB_RUN_ID is not a number');
    expect(ended.outputs).toEqual({ result: 'error' });
  });

  it('O-S-10: a credential is masked with the runner and appears in no line, plain or encoded', async () => {
    const token = 'tok-0123456789abcdef-sesame';
    const ended = await runFixture({ INPUT_MODE: 'leak', 'INPUT_FORGE-TOKEN': token });
    const lines = ended.log.split('\n').filter((line) => !line.startsWith('::add-mask::'));
    expect(lines.join('\n')).not.toContain('sesame');
    expect(lines.join('\n')).not.toContain(Buffer.from(token).toString('base64').slice(0, 20));
    expect(ended.log).toContain(`::add-mask::${token}`);
    expect(ended.summary).toContain('Cause: refused *** (HTTP 403)');
  });

  it('O-S-8: quoted text cannot give the runner commands', async () => {
    const ended = await runFixture({ INPUT_MODE: 'command' });
    expect(ended.log).not.toMatch(/^\s*::set-output/m);
    expect(ended.log).not.toMatch(/^\s*##\[/m);
    expect(ended.log).not.toMatch(/^::warning::/m);
  });

  it('an output that the forge would drop silently is an error', async () => {
    const ended = await runFixture({ INPUT_MODE: 'long' });
    expect(ended).toMatchObject({ code: 1, outputs: { result: 'error' } });
    expect(ended.log).toContain('OUTPUT_TOO_LONG');
  });

  it('design §9: a promise that never settles is red, with the pessimistic output', async () => {
    const ended = await runFixture({ INPUT_MODE: 'never' });
    expect(ended.code).not.toBe(0);
    expect(ended.outputs).toEqual({ result: 'error' });
  });

  it('a handle left open does not keep the step alive', async () => {
    expect(await runFixture({ INPUT_MODE: 'linger' })).toMatchObject({ code: 0, outputs: { result: 'pass' } });
  });

  it('SIGTERM reaches the action as its stop signal', async () => {
    const ended = await runFixture({ INPUT_MODE: 'wait' }, (line, kill) => {
      if (line.includes('waiting')) kill('SIGTERM');
    });
    expect(ended).toMatchObject({ code: 0, outputs: { result: 'stopped' } });
  });
});
