import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { globMatcher } from '../base/globs.ts';
import { removedCommandPaths } from '../gates/facts/tests.ts';
import { parseJUnit } from '../gates/junit.ts';
import { type TestOutcome, type TestRun, classifyTestRun } from '../gates/test-run.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { Session } from './engine.ts';
import { listFiles } from './list-files.ts';
import { branchEnvironment } from './run-item.ts';
import { writeReport } from './work-report.ts';

/** What the read-only job tells of the test command; judged by land. */
export interface TestEvidence {
  readonly run: TestRun;
  readonly outcome: TestOutcome;
  readonly command: string;
  readonly durationS: number;
  readonly output: string;
}
export const TEST_EVIDENCE = 'tests.json';

const SMOKE_TIMEOUT_MS = 10_000;

/** Runs `tests.command` of main's configuration in a clean export of the head, without any credential. spec: gates §6, AG-DET-3 */
export async function runTests(
  session: Session,
  item: ItemState,
  head: string,
): Promise<{ files: ReadonlyMap<string, Buffer>; line: string }> {
  const { engine, config } = session;
  const { env, workdir } = await branchEnvironment(session, item.id, 'testing');
  await engine.code.exportTree(head, workdir);
  const base = (await engine.code.mergeBase(head, session.view.main)) ?? session.view.main;
  const removed = await removedCommandPaths(engine.code, config.tests.command, base, head);
  const evidence = await runTestCommand(session, workdir, env, config.tests.timeout_s, removed);
  const seconds = Math.round(evidence.durationS * 100) / 100;
  const report = writeReport(
    {
      kind: 'outcome',
      class: 'ok',
      cause: null,
      text: evidence.outcome.text,
      seconds,
      usage: null,
      costUsd: null,
      agent: null,
    },
    null,
  );
  return {
    files: new Map([...report, [TEST_EVIDENCE, Buffer.from(JSON.stringify(evidence))]]),
    line: `tests: ${evidence.outcome.kind} ${evidence.outcome.text}`,
  };
}

/** The configured test command in a folder, classified. `timeoutS` seconds; `removed`: paths of the command that the change lacks. */
export async function runTestCommand(
  session: Session,
  folder: string,
  env: Readonly<Record<string, string>>,
  timeoutS: number,
  removed: readonly string[],
): Promise<TestEvidence> {
  const { engine, config } = session;
  const { install, command, junit: reports, smoke: probes } = config.tests;
  const end =
    command === ''
      ? null
      : await engine.shell.run({
          argv: ['bash', '-euo', 'pipefail', '-c', [install, command].filter((part) => part !== '').join('\n')],
          cwd: folder,
          env,
          timeoutMs: timeoutS * 1000,
          graceMs: config.process.kill_grace_s * 1000,
          signal: engine.stop,
        });
  const isJUnit = globMatcher(reports);
  const files = reports.length === 0 ? [] : (await listFiles(folder)).filter((path) => isJUnit(path));
  const junit = await Promise.all(files.map(async (path) => parseJUnit(await readFile(join(folder, path), 'utf8'))));
  const smoke = await Promise.all(
    end?.code === 0 ? probes.map(async (url) => ({ url, status: await engine.probe(url, SMOKE_TIMEOUT_MS) })) : [],
  );
  const output = engine.redact(end?.output ?? '');
  const ended = end === null ? null : { code: end.code, signal: end.signal, ended: end.ended, output };
  const run: TestRun = { command, timeoutS, end: ended, junit, removed, smoke };
  return { run, outcome: classifyTestRun(run), command, durationS: (end?.durationMs ?? 0) / 1000, output };
}
