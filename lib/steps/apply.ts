import { z } from 'zod';
import { artifactPath } from '../artifacts/paths.ts';
import { readSignal } from '../artifacts/signals.ts';
import { STAMPS, type VerdictFile, readBackFault, stamp } from '../artifacts/stamp.ts';
import { renderTestReport } from '../artifacts/test-report-render.ts';
import { type Role, stageRow } from '../pipeline/stages.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { TreeChange } from '../ports/git.ts';
import type { Engine, Session } from './engine.ts';
import { judgeAgainstHead, judgeHandedOver } from './judge-handed-over.ts';
import { blobOf, candidateOf, commitChange, commitReport } from './report-commit.ts';
import { fetchCode, openRun, type RunInput } from './run-item.ts';
import { type Candidate, createScratch } from './scratch.ts';
import { TEST_EVIDENCE, type TestEvidence } from './testing.ts';
import { WORK_HANDOVER, readReport } from './work-report.ts';
import { unpackChanges } from './work/pack.ts';
import { feed, createDesk } from './feed.ts';

/**
 * First step of a landing job: takes what `work` handed over, judges it again with code and configuration of main, and
 * makes one commit on the recorded head. Pushes nothing. spec: AG-APP-1…4, AR-AP-1
 */
export async function apply(engine: Engine, input: RunInput): Promise<string> {
  const handedOver = engine.handover.get(WORK_HANDOVER);
  // A run that is not wanted any more does not care whether it came.
  handedOver.catch(() => {});
  const run = await openRun(engine, input);
  if (!run.current) return run.line;
  const { session, item } = run;
  const scratch = createScratch(engine.scratch);
  const files = await handedOver;
  const report = readReport(files);
  if (files === null || report === null) {
    await scratch.saveCandidate(
      candidateOf(item, 'crash', {
        cause: 'NO_HANDOVER',
        text: 'the work job left nothing: it was cancelled, killed or could not store its result',
      }),
    );
    return 'the work job left nothing';
  }
  if (report.kind === 'stood-down') return report.text;
  if (report.kind === 'preflight') {
    await feed(createDesk(session), () => [
      {
        type: 'preflight.failed',
        item: item.id,
        token: input.token,
        run: engine.run,
        cause: report.cause,
        text: report.text,
      },
    ]);
    return `preflight: ${report.cause}: ${report.text}`;
  }
  const outcome = {
    class: report.class,
    cause: report.cause,
    text: report.text,
    seconds: report.seconds,
    usage: report.usage,
    costUsd: report.costUsd,
  };
  const head = await fetchCode(engine, item);
  if (head !== item.head || head === null) {
    await scratch.saveCandidate({
      ...candidateOf(item, 'infra', { cause: 'BRANCH_MOVED', text: `the branch is at ${head ?? 'nothing'} now` }),
      outcome: { ...outcome, class: 'infra', cause: 'BRANCH_MOVED' },
    });
    return 'the branch moved: the stage runs again on the new head';
  }
  const candidate = { ...candidateOf(item), outcome };
  const applied =
    outcome.class !== 'ok'
      ? candidate
      : stageRow(item.stage).worker === 'test-runner'
        ? await applyTests(session, item, candidate, files)
        : await applyAgent(session, item, candidate, files, report.agent);
  await scratch.saveCandidate(applied);
  return `${applied.outcome.class}: ${applied.outcome.text.split('\n')[0] ?? ''}`;
}

async function applyAgent(
  session: Session,
  item: ItemState,
  candidate: Candidate,
  files: ReadonlyMap<string, Buffer>,
  agent: string | null,
): Promise<Candidate> {
  const { engine } = session;
  const role = stageRow(item.stage).worker as Role;
  const refuse = (cls: Candidate['outcome']['class'], cause: string | null, text: string): Candidate => ({
    ...candidate,
    outcome: { ...candidate.outcome, class: cls, cause, text },
  });
  // Report, transcript and evidence travel beside the change and are no part of it.
  const unpacked = unpackChanges(
    new Map([...files].filter(([name]) => name === 'changes.json' || name.startsWith('blob-'))),
  );
  if (!unpacked.ok) return refuse('scope', 'scope.mode', unpacked.error);
  if (unpacked.base !== candidate.recordedHead)
    return refuse('infra', 'BRANCH_MOVED', `the change was made on ${unpacked.base.slice(0, 8)}`);
  const refusal = await judgeHandedOver(session, item, role, candidate.recordedHead, unpacked.changes);
  if (refusal !== null) return refuse(refusal.class, refusal.cause, refusal.text);
  const judged = await judgeAgainstHead(session, item, role, candidate.recordedHead, unpacked.changes);
  if (!judged.ok) return refuse('scope', 'scope.path', 'the change was refused');
  for (const warning of judged.warnings) engine.log.warn(`${warning.path}: ${warning.text} (${warning.code})`);

  const round = item.rounds[item.stage] ?? 1;
  const patchId = await engine.code.patchId(session.view.main, candidate.recordedHead);
  const changes: TreeChange[] = [];
  const stamped: string[] = [];
  for (const change of judged.changes) {
    const mode = change.kind === 'symlink' ? '120000' : change.executable ? '100755' : '100644';
    let content = change.content;
    const name = change.path.slice(change.path.lastIndexOf('/') + 1);
    if (content !== null && change.path === artifactPath(item.id, name) && Object.hasOwn(STAMPS, name)) {
      const result = stamp(content, name as VerdictFile, {
        item: item.id,
        round,
        commit: candidate.recordedHead,
        subject: patchId,
        runId: Number(engine.run),
        writtenBy: role,
        at: engine.clock.now(),
      });
      if (!result.ok) return refuse('invalid', result.code, `- ${change.path}: ${result.text}`);
      content = Buffer.from(result.text);
      stamped.push(change.path);
    }
    changes.push({ path: change.path, content, mode });
  }
  const inert = judged.changes.every((change) => change.path.startsWith('docs/work-items/'));
  const commit = await commitChange(session, item, candidate.recordedHead, {
    changes,
    role,
    round,
    inert,
    ...(agent === null ? {} : { agent }),
  });
  const reports: Record<string, string> = {};
  for (const path of stamped) {
    const meant = Buffer.from(changes.find((change) => change.path === path)?.content ?? '');
    const fault = readBackFault(meant, await engine.code.readFile(commit, path));
    if (fault !== null) return refuse('infra', 'REPORT_READBACK', `${path}: ${fault.text}`);
    reports[path] = await blobOf(session, commit, path);
  }
  return { ...candidate, commit, reports, ...(await signals(session, item, commit)) };
}

/** Texts for people that stand in signal files of this round. */
async function signals({ engine }: Session, item: ItemState, commit: string): Promise<Pick<Candidate, 'message'>> {
  const name = item.stage === 'analysis' ? '01-questions.md' : item.stage === 'architecture' ? '06-conflict.md' : null;
  if (name === null) return { message: null };
  const signal = readSignal(await engine.code.readFile(commit, artifactPath(item.id, name)), name, item.id);
  for (const warning of signal.warnings) engine.log.warn(`${warning.text} (${warning.code})`);
  return { message: signal.kind === 'text' ? signal.text.slice(0, 16_384).toWellFormed() : null };
}

const Evidence = z.object({
  run: z.looseObject({
    command: z.string(),
    timeoutS: z.number(),
    junit: z.array(z.unknown()),
    removed: z.array(z.string()),
    smoke: z.array(z.unknown()),
  }),
  outcome: z.looseObject({ kind: z.enum(['ran', 'tool-error', 'timeout', 'no-command']), text: z.string() }),
  command: z.string(),
  durationS: z.number(),
  output: z.string(),
});

/** null = the evidence of the tests cannot be read. */
export function readEvidence(files: ReadonlyMap<string, Buffer> | null): TestEvidence | null {
  try {
    return Evidence.parse(JSON.parse(files?.get(TEST_EVIDENCE)?.toString('utf8') ?? 'null')) as unknown as TestEvidence;
  } catch {
    return null;
  }
}

/** `13-test-report.md` only when the tests really ran. spec: G-TST-1…3 */
async function applyTests(
  session: Session,
  item: ItemState,
  candidate: Candidate,
  files: ReadonlyMap<string, Buffer>,
): Promise<Candidate> {
  const { engine } = session;
  const evidence = readEvidence(files);
  if (evidence === null || evidence.outcome.kind !== 'ran') return candidate;
  const { outcome } = evidence;
  const round = item.rounds.testing ?? 1;
  const total = outcome.total;
  const failed = outcome.failed ?? 0;
  const skipped = outcome.skipped ?? 0;
  const text = renderTestReport({
    stamp: {
      item: item.id,
      round,
      commit: candidate.recordedHead,
      subject: await engine.code.codeTree(candidate.recordedHead),
      runId: Number(engine.run),
      writtenBy: 'test-runner',
      at: engine.clock.now(),
    },
    result: outcome.result,
    counts: total === null ? null : { total, passed: total - failed - skipped, failed, skipped },
    exitCode: outcome.exitCode ?? 1,
    durationS: evidence.durationS,
    command: evidence.command,
    environment: [`commit ${candidate.recordedHead}`, `run ${engine.run}`],
    smoke: [],
    results: [],
    criteria: [],
    failures: outcome.findings === null ? [] : [outcome.findings],
    output: evidence.output,
    log: engine.runUrl ?? '',
    conclusion: outcome.text,
  });
  return commitReport(session, item, candidate, {
    path: artifactPath(item.id, '13-test-report.md'),
    text,
    role: 'test-runner',
    round,
  });
}
