import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { globMatcher } from '../base/globs.ts';
import { removedCommandPaths } from '../gates/facts/tests.ts';
import { parseJUnit } from '../gates/junit.ts';
import { type TestOutcome, classifyTestRun } from '../gates/test-run.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { ShellResult } from '../ports/shell.ts';
import type { Session } from './engine.ts';
import { listFiles } from './list-files.ts';
import { branchEnvironment } from './run-item.ts';
import { writeReport } from './work-report.ts';

/** What the read-only job tells of the test command; judged by land. */
export interface TestEvidence {
  readonly outcome: TestOutcome;
  readonly command: string;
  readonly durationS: number;
  readonly output: string;
}
export const TEST_EVIDENCE = 'tests.json';

const SMOKE_TIMEOUT_MS = 10_000;

/** Runs `tests.command` of main's configuration in a clean export of the head, without any credential. spec: gates §6, AG-DET-3 */
export async function runTests(session: Session, item: ItemState, head: string): Promise<{ files: ReadonlyMap<string, Buffer>; line: string }> {
  const { engine, config } = session;
  const { env, workdir } = await branchEnvironment(session, item.id, 'testing');
  await engine.code.exportTree(head, workdir);
  const command = [config.tests.install, config.tests.command].filter((part) => part !== '').join('\n');
  const end =
    config.tests.command === ''
      ? null
      : await engine.shell.run({
          argv: ['bash', '-euo', 'pipefail', '-c', command],
          cwd: workdir,
          env,
          timeoutMs: config.tests.timeout_s * 1000,
          graceMs: config.process.kill_grace_s * 1000,
          signal: engine.stop,
        });
  const evidence = await judgeRun(session, head, workdir, end);
  const seconds = Math.round((end?.durationMs ?? 0) / 10) / 100;
  const report = writeReport({ kind: 'outcome', class: 'ok', cause: null, text: evidence.outcome.text, seconds, usage: null, costUsd: null, agent: null }, null);
  return { files: new Map([...report, [TEST_EVIDENCE, Buffer.from(JSON.stringify(evidence))]]), line: `tests: ${evidence.outcome.kind} ${evidence.outcome.text}` };
}

async function judgeRun(session: Session, head: string, folder: string, end: ShellResult | null): Promise<TestEvidence> {
  const { engine, config } = session;
  const base = (await engine.code.mergeBase(head, session.view.main)) ?? session.view.main;
  const isJUnit = globMatcher(config.tests.junit);
  const files = config.tests.junit.length === 0 ? [] : (await listFiles(folder)).filter((path) => isJUnit(path));
  const junit = await Promise.all(files.map(async (path) => parseJUnit(await readFile(join(folder, path), 'utf8'))));
  const smoke = await Promise.all(end?.code === 0 ? config.tests.smoke.map(async (url) => ({ url, status: await engine.probe(url, SMOKE_TIMEOUT_MS) })) : []);
  const removed = await removedCommandPaths(engine.code, config.tests.command, base, head);
  const outcome = classifyTestRun({ command: config.tests.command, timeoutS: config.tests.timeout_s, end, junit, removed, smoke });
  return { outcome, command: config.tests.command, durationS: (end?.durationMs ?? 0) / 1000, output: engine.redact(end?.output ?? '') };
}
