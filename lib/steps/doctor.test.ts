import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createForgeApi } from '../adapters/forge/api.ts';
import { createShell } from '../adapters/shell/process.ts';
import { ExternalError } from '../base/errors.ts';
import type { HandoverPort } from '../ports/handover.ts';
import { runDoctor } from './doctor.ts';
import type { Area, ProbeReport } from './doctor-report.ts';
import { AREAS, doctorExitCode, renderDoctorReport, worstResult } from './doctor-report.ts';

const CONFIG = 'version: 1\nproject: {prefix: ET}\ntracker: {kind: file}\nagents: {adapter: scripted}\n';
const NOW = new Date('2026-01-20T10:00:00Z');

/** Answers of a forge by `METHOD path`; what is not listed answers 404. */
type Answers = Readonly<Record<string, { readonly status: number; readonly body?: unknown; readonly date?: Date }>>;
const HEALTHY: Answers = {
  'GET /version': { status: 200, body: { version: '1.26.0' }, date: NOW },
  'GET /repos/acme/trails': { status: 200, body: { default_branch: 'main' } },
  'POST /repos/acme/trails/branches': { status: 201, body: {} },
  'DELETE /repos/acme/trails/branches/doctor%2Fabc': { status: 204 },
  'POST /repos/acme/trails/actions/workflows/conveyor-reconcile.yml/dispatches': {
    status: 200,
    body: { workflow_run_id: 7 },
  },
  'GET /repos/acme/trails/contents/.gitea/workflows': {
    status: 200,
    body: [{ name: 'conveyor-event.yml' }, { name: 'ci.yml' }],
  },
  'GET /repos/acme/trails/raw/.gitea/workflows/conveyor-event.yml': { status: 200, body: 'on: push\njobs: {}\n' },
  'GET /repos/acme/trails/raw/.conveyor/config.yml': { status: 200, body: CONFIG },
};

interface TestForge extends AsyncDisposable {
  readonly url: string;
  readonly asked: string[];
}
async function startForge(answers: Answers): Promise<TestForge> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const key = `${request.method} ${request.url?.replace('/api/v1', '').replace(/\?.*/, '')}`;
    asked.push(key);
    const { status, body, date } = answers[key] ?? { status: 404, body: { message: 'not found' } };
    response.setHeader('date', (date ?? NOW).toUTCString());
    response.setHeader('content-type', typeof body === 'string' ? 'text/plain' : 'application/json');
    response.writeHead(status).end(status === 204 ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => void server.close(() => closed())),
  };
}

const clock = { now: () => NOW, sleep: () => Promise.resolve() };
async function probe(options: {
  readonly url?: string;
  readonly areas?: readonly Area[];
  readonly path?: string;
  readonly handover?: HandoverPort;
  readonly scratch?: string;
}) {
  return runDoctor(
    {
      shell: createShell(),
      clock,
      forge: options.url === undefined ? null : createForgeApi({ url: options.url, token: 'token' }),
      handover: options.handover ?? null,
    },
    {
      version: '0.1.0',
      scratch: options.scratch ?? tmpdir(),
      path: options.path ?? `${dirname(process.execPath)}:${process.env['PATH']}`,
      repository: { owner: 'acme', name: 'trails' },
      areas: options.areas ?? AREAS,
      nonce: 'abc',
    },
  );
}
const forgeAreas = { areas: ['forge', 'config', 'clock'] as const };
const find = (probes: readonly ProbeReport[], id: string) => probes.find((candidate) => candidate.id === id);

/** A PATH that holds only programs that print a given text. */
async function withPrograms<T>(
  programs: Readonly<Record<string, string>>,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-doctor-path-'));
  try {
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\necho '${text}'\n`);
      chmodSync(join(folder, name), 0o755);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('doctor on a healthy installation', () => {
  it('every probe passes on this machine and a forge that answers well, and the scratch branch is deleted', async () => {
    await using forge = await startForge(HEALTHY);
    const { report, unreachable } = await probe({ url: forge.url });
    const negatives = report.probes.filter(({ result, id }) => result !== 'pass' && id !== 'O-RUN-6');
    expect(negatives).toEqual([]);
    expect(report).toMatchObject({ schema: 1, at: '2026-01-20T10:00:00.000Z', version: '0.1.0' });
    expect(report.probes.map(({ id }) => id)).toEqual([
      'O-RUN-1',
      'O-RUN-2',
      'O-RUN-6',
      'O-FRG-1',
      'O-CLK-1',
      'O-FRG-12',
      'O-FRG-3',
      'O-FRG-5',
      'O-CFG-1',
    ]);
    expect(unreachable).toBe(false);
    expect(forge.asked).toContain('DELETE /repos/acme/trails/branches/doctor%2Fabc');
  });

  it('leaves no folder behind', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'conveyor-doctor-test-'));
    await probe({ areas: ['runner'], scratch });
    expect(readdirSync(scratch)).toEqual([]);
    rmSync(scratch, { recursive: true });
  });
});

describe('each negative says what is missing and how to get it', () => {
  const negatives: readonly {
    readonly what: string;
    readonly id: string;
    readonly answers: Answers;
    readonly result: string;
    readonly actual: RegExp;
    readonly fix: RegExp;
  }[] = [
    {
      what: 'an old Gitea is refused',
      id: 'O-FRG-1',
      answers: { 'GET /version': { status: 200, body: { version: '1.25.4' } } },
      result: 'fail',
      actual: /^Gitea 1\.25\.4 is too old: Conveyor needs 1\.26 or newer\.$/,
      fix: /upgrade/,
    },
    {
      what: 'a server that is no Gitea',
      id: 'O-FRG-1',
      answers: { 'GET /version': { status: 200, body: '<html>' } },
      result: 'fail',
      actual: /without a version/,
      fix: /address of a Gitea/,
    },
    {
      what: 'an expired token',
      id: 'O-FRG-12',
      answers: { 'GET /repos/acme/trails': { status: 401 } },
      result: 'fail',
      actual: /401/,
      fix: /token/,
    },
    {
      what: 'a token without push right',
      id: 'O-FRG-12',
      answers: { 'POST /repos/acme/trails/branches': { status: 403 } },
      result: 'fail',
      actual: /403/,
      fix: /write:repository/,
    },
    {
      what: 'a repository the token cannot see',
      id: 'O-FRG-12',
      answers: { 'GET /repos/acme/trails': { status: 404 } },
      result: 'fail',
      actual: /404/,
      fix: /collaborator/,
    },
    {
      what: 'a scratch branch that stays',
      id: 'O-FRG-12',
      answers: { 'DELETE /repos/acme/trails/branches/doctor%2Fabc': { status: 403 } },
      result: 'warn',
      actual: /doctor\/abc could not be deleted/,
      fix: /delete branch doctor\/abc/,
    },
    {
      what: 'a dispatch without run id',
      id: 'O-FRG-3',
      answers: { 'POST /repos/acme/trails/actions/workflows/conveyor-reconcile.yml/dispatches': { status: 204 } },
      result: 'fail',
      actual: /without a run id/,
      fix: /upgrade/,
    },
    {
      what: 'a dispatch that is refused',
      id: 'O-FRG-3',
      answers: { 'POST /repos/acme/trails/actions/workflows/conveyor-reconcile.yml/dispatches': { status: 403 } },
      result: 'fail',
      actual: /403/,
      fix: /write:repository/,
    },
    {
      what: 'no workflow files',
      id: 'O-FRG-3',
      answers: { 'POST /repos/acme/trails/actions/workflows/conveyor-reconcile.yml/dispatches': { status: 404 } },
      result: 'fail',
      actual: /not on branch main/,
      fix: /conveyor workflows/,
    },
    {
      what: 'a concurrency group',
      id: 'O-FRG-5',
      answers: {
        'GET /repos/acme/trails/raw/.gitea/workflows/conveyor-event.yml': {
          status: 200,
          body: 'on: push\nconcurrency: x\n',
        },
      },
      result: 'fail',
      actual: /concurrency in conveyor-event\.yml/,
      fix: /generate/,
    },
    {
      what: 'no generated workflows',
      id: 'O-FRG-5',
      answers: { 'GET /repos/acme/trails/contents/.gitea/workflows': { status: 200, body: [{ name: 'ci.yml' }] } },
      result: 'fail',
      actual: /no conveyor-/,
      fix: /conveyor workflows/,
    },
    {
      what: 'a workflow file that cannot be read',
      id: 'O-FRG-5',
      answers: { 'GET /repos/acme/trails/raw/.gitea/workflows/conveyor-event.yml': { status: 403 } },
      result: 'unknown',
      actual: /403/,
      fix: /^$/,
    },
    {
      what: 'a broken configuration',
      id: 'O-CFG-1',
      answers: { 'GET /repos/acme/trails/raw/.conveyor/config.yml': { status: 200, body: `${CONFIG}coverge: 1\n` } },
      result: 'fail',
      actual: /coverge: unknown key/,
      fix: /default branch/,
    },
    {
      what: 'no configuration',
      id: 'O-CFG-1',
      answers: { 'GET /repos/acme/trails/raw/.conveyor/config.yml': { status: 404 } },
      result: 'fail',
      actual: /no \.conveyor\/config\.yml/,
      fix: /project\.prefix/,
    },
    {
      what: 'a clock 10 s off',
      id: 'O-CLK-1',
      answers: { 'GET /version': { status: 200, body: { version: '1.26.0' }, date: new Date(NOW.getTime() + 10_000) } },
      result: 'warn',
      actual: /^10 s/,
      fix: /NTP/,
    },
    {
      what: 'a clock 2 min off',
      id: 'O-CLK-1',
      answers: {
        'GET /version': { status: 200, body: { version: '1.26.0' }, date: new Date(NOW.getTime() - 120_000) },
      },
      result: 'fail',
      actual: /^120 s/,
      fix: /NTP/,
    },
    {
      what: 'a forge that fails inside',
      id: 'O-FRG-1',
      answers: { 'GET /version': { status: 500 } },
      result: 'unknown',
      actual: /500/,
      fix: /log of the forge/,
    },
  ];
  it.each(negatives)('$id: $what', async ({ id, answers, result, actual, fix }) => {
    await using forge = await startForge({ ...HEALTHY, ...answers });
    const { report } = await probe({ url: forge.url, ...forgeAreas });
    const found = find(report.probes, id);
    expect(found?.result).toBe(result);
    expect(found?.actual).toMatch(actual);
    expect(found?.fix).toMatch(fix);
    expect(found?.why).not.toBe('');
    expect(renderDoctorReport(report)).toContain(found?.actual);
  });

  it('a forge that is not there: unknown, exit code 3', async () => {
    const forge = await startForge(HEALTHY);
    await forge[Symbol.asyncDispose]();
    const { report, unreachable } = await probe({ url: forge.url, ...forgeAreas });
    expect(report.result).toBe('unknown');
    expect(doctorExitCode(report, unreachable, false)).toBe(3);
  });

  it.each([
    ['an old node', { node: 'v20.20.2' }, 'O-RUN-1', /v20\.20\.2/],
    ['no node', {}, 'O-RUN-1', /no node on PATH/],
    ['a program called node that is not Node', { node: 'hello' }, 'O-RUN-1', /answered: hello/],
    ['an old git', { git: 'git version 2.34.1' }, 'O-RUN-2', /2\.34\.1/],
    ['no git', {}, 'O-RUN-2', /no git on PATH/],
    ['a git without patch-id --verbatim', { git: 'git version 2.41.0' }, 'O-RUN-2', /patch-id --verbatim/],
  ] as const)('%s', async (_what, programs, id, actual) => {
    const { report } = await withPrograms(programs, (path) => probe({ areas: ['runner'], path }));
    const found = find(report.probes, id);
    expect(found).toMatchObject({ result: 'fail' });
    expect(found?.actual).toMatch(actual);
    expect(found?.fix).toMatch(/install/);
    expect(doctorExitCode(report, false, false)).toBe(1);
  });

  it('O-RUN-6: a work folder that cannot be written names the repair command', async () => {
    const { report } = await probe({ areas: ['runner'], scratch: process.execPath });
    expect(find(report.probes, 'O-RUN-6')).toMatchObject({ result: 'fail', fix: expect.stringContaining('chown') });
  });
});

describe('hand-over probe (O-FRG-16)', () => {
  const port = (get: HandoverPort['get']): HandoverPort => ({
    put: () => Promise.resolve({ digest: 'd', size: 1 }),
    get,
  });
  const cases: readonly [string, HandoverPort, string, RegExp][] = [
    [
      'unchanged bytes pass',
      port(() => Promise.resolve(new Map([['probe.txt', Buffer.from('doctor abc')]]))),
      'pass',
      /round trip/,
    ],
    [
      'other bytes fail',
      port(() => Promise.resolve(new Map([['probe.txt', Buffer.from('doctor abd')]]))),
      'fail',
      /different/,
    ],
    ['nothing there fails', port(() => Promise.resolve(null)), 'fail', /not there/],
    [
      'an error fails',
      port(() => Promise.reject(new ExternalError('HANDOVER_FOREIGN_RUN', 'the token is of run 9'))),
      'fail',
      /run 9/,
    ],
  ];
  it.each(cases)('%s', async (_what, handover, result, actual) => {
    const { report } = await probe({ areas: ['forge'], handover });
    expect(find(report.probes, 'O-FRG-16')?.result).toBe(result);
    expect(find(report.probes, 'O-FRG-16')?.actual).toMatch(actual);
  });
});

describe('exit code and result', () => {
  it.each([
    [[], 'unknown'],
    [['pass', 'unknown'], 'unknown'],
    [['unknown', 'warn'], 'warn'],
    [['fail', 'warn', 'pass'], 'fail'],
    [['pass'], 'pass'],
  ] as const)('%j together are %s', (results, worst) => {
    expect(worstResult(results)).toBe(worst);
  });
  it.each([
    ['pass', false, false, 0],
    ['warn', false, false, 0],
    ['warn', false, true, 1],
    ['fail', true, false, 1],
    ['unknown', true, true, 3],
    ['unknown', false, true, 0],
  ] as const)('result %s, unreachable %s, strict %s: exit %d', (result, unreachable, strict, code) => {
    expect(doctorExitCode({ schema: 1, at: '', version: '', result, probes: [] }, unreachable, strict)).toBe(code);
  });
});
