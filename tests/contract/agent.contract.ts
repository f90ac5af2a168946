import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { transcriptPath } from '../../lib/adapters/agent/agent-process.ts';
import { readProcess } from '../../lib/adapters/shell/proc-table.ts';
import type { AgentPort } from '../../lib/ports/agent.ts';
import type { AgentFixture } from '../support/agents/workspace.ts';
import { abortWhenWritten, openWorkspace, SECRET } from '../support/agents/workspace.ts';

/** What an agent of the contract is made to do; each adapter says it in its own way. */
export type Behaviour =
  | {
      readonly kind:
        | 'work'
        | 'env'
        | 'hang'
        | 'deaf'
        | 'orphan'
        | 'crash'
        | 'killed'
        | 'auth'
        | 'transient'
        | 'usage-limit';
    }
  | { readonly kind: 'print'; readonly text: string };
const never = new AbortController().signal;
interface TranscriptLine {
  readonly at: string;
  readonly source: string;
  readonly line: string;
}
const transcriptOf = async (path: string): Promise<TranscriptLine[]> =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TranscriptLine);

/** The agent port, for every adapter. spec: agents §1, §6, §7, §13 */
export function describeAgentContract(
  name: string,
  create: (fixture: AgentFixture, behaviour: Behaviour) => Promise<AgentPort>,
): void {
  describe(`agent port: ${name}`, () => {
    it('a run changes files in its work tree, has the prompt, and reports ok with its use', async () => {
      await using space = await openWorkspace();
      const agent = await create(space, { kind: 'work' });
      expect(await agent.preflight()).toMatchObject({ ok: true });
      const outcome = await agent.run(space.spec, never);
      expect(outcome).toMatchObject({
        class: 'ok',
        cause: null,
        exit: { code: 0, signal: null },
        usage: { input: 1200, cacheRead: 83_000, cacheCreation: 900, output: 4500 },
        costUsd: 0.21,
        modelUsed: 'm-1',
        text: 'developer finished',
      });
      expect(outcome.durationS).toBeGreaterThan(0);
      expect((await readdir(space.spec.workdir)).toSorted()).toEqual(['given.txt', 'made.txt']);
      expect(await readFile(join(space.spec.workdir, 'given.txt'), 'utf8')).toBe('given\nchanged\n');
      expect(await readFile(join(space.spec.workdir, 'made.txt'), 'utf8')).toBe('CSV export, please: žluť\n');
    });

    it('AG-SEC-1: the agent sees the environment of its run and nothing of ours', async () => {
      await using space = await openWorkspace();
      const outcome = await (await create(space, { kind: 'env' })).run(space.spec, never);
      const seen = (await transcriptOf(outcome.transcript)).filter(
        (row) => row.source === 'stdout' && /^\w+=/.test(row.line),
      );
      expect(seen.map((row) => row.line.split('=')[0]).toSorted()).toEqual(
        [...Object.keys(space.spec.env), 'CONVEYOR_RUN_MARK'].toSorted(),
      );
    });

    it('AG-LOG-1, AG-LOG-4: the transcript is complete, named after role and run, and holds no known secret', async () => {
      await using space = await openWorkspace();
      const outcome = await (
        await create(space, { kind: 'print', text: `key ${SECRET} ::set-output` })
      ).run(space.spec, never);
      expect(outcome.transcript).toBe(join(space.spec.out, 'agent-developer-r-17.ndjson'));
      const rows = await transcriptOf(outcome.transcript);
      expect(rows.map((row) => row.line)).toContain('key *** ::set-output');
      expect(rows[0]).toMatchObject({ source: 'wrapper', line: 'start developer m-1 high limit 20 s' });
      expect(rows.at(-1)).toMatchObject({ source: 'wrapper', line: 'end by itself code 0 signal -' });
      expect(await readFile(outcome.transcript, 'utf8')).not.toContain(SECRET);
      // AG-INJ-7: what the agent prints never reaches our own log.
      expect(space.lines).toEqual([]);
    });

    it('AG-LOG-1: the repair run has a transcript of its own', async () => {
      await using space = await openWorkspace();
      const outcome = await (
        await create(space, { kind: 'print', text: 'x' })
      ).run({ ...space.spec, repair: 1 }, never);
      expect(outcome.transcript).toBe(join(space.spec.out, 'agent-developer-r-17-repair.ndjson'));
    });

    it('AG-TIME-2: a run over its limit is a timeout, with its transcript', async () => {
      await using space = await openWorkspace();
      const outcome = await (await create(space, { kind: 'hang' })).run({ ...space.spec, timeoutS: 0.5 }, never);
      expect(outcome).toMatchObject({
        class: 'timeout',
        usage: null,
        text: 'developer ran into its limit of 0.5 s and was ended',
      });
      expect((await transcriptOf(outcome.transcript)).at(-1)?.line).toMatch(/^end timeout/);
    });

    it('AG-TIME-3: an agent that ignores SIGTERM is killed after its grace period', async () => {
      await using space = await openWorkspace();
      const stop = abortWhenWritten(transcriptPath(space.spec), 'waiting');
      const outcome = await (await create(space, { kind: 'deaf' })).run(space.spec, stop);
      expect(outcome).toMatchObject({ class: 'cancelled', exit: { code: null, signal: 'SIGKILL' } });
      expect((await transcriptOf(outcome.transcript)).map((row) => row.line)).toContain('still here');
    });

    it('AG-TIME-4: a stop is cancelled, whether it comes before the start or during the run', async () => {
      await using space = await openWorkspace();
      const agent = await create(space, { kind: 'hang' });
      expect((await agent.run(space.spec, AbortSignal.abort())).class).toBe('cancelled');
      expect((await agent.run({ ...space.spec, repair: 1 }, AbortSignal.timeout(300))).class).toBe('cancelled');
    });

    it.skipIf(process.platform !== 'linux')('AG-TIME-3: a process the agent left behind is gone', async () => {
      await using space = await openWorkspace();
      const outcome = await (await create(space, { kind: 'orphan' })).run(space.spec, never);
      expect(outcome.class).toBe('ok');
      const pid = Number(await readFile(join(space.spec.workdir, 'orphan.pid'), 'utf8'));
      expect(pid).toBeGreaterThan(1);
      expect(readProcess(pid)).toBeNull();
    });

    it.each([
      ['crash', 'crash', null],
      ['killed', 'killed', 'SIGKILL'],
      ['auth', 'auth', null],
      ['usage-limit', 'usage-limit', null],
    ] as const)('agents §7: %s is recognised', async (kind, expected, cause) => {
      await using space = await openWorkspace();
      const outcome = await (await create(space, { kind })).run(space.spec, never);
      expect(outcome).toMatchObject({ class: expected, cause });
      expect(outcome.text).not.toContain('\n');
    });

    it('agents §7: a passing failure of the model API is transient', async () => {
      await using space = await openWorkspace();
      expect((await (await create(space, { kind: 'transient' })).run(space.spec, never)).class).toBe('transient');
    });

    it('never throws: a run whose output folder cannot be made is infra', async () => {
      await using space = await openWorkspace();
      const outcome = await (
        await create(space, { kind: 'work' })
      ).run({ ...space.spec, out: join(space.spec.workdir, 'given.txt', 'out') }, never);
      expect(outcome).toMatchObject({ class: 'infra', cause: 'wrapper', exit: { code: null, signal: null } });
    });

    it('never throws: a work tree that is not there is config', async () => {
      await using space = await openWorkspace();
      const outcome = await (
        await create(space, { kind: 'work' })
      ).run({ ...space.spec, workdir: join(space.folder, 'nowhere') }, never);
      expect(outcome).toMatchObject({ class: 'config', cause: 'spawn' });
    });
  });
}
