import { GATE_CODES } from '../gates/all-codes.ts';
import { GATES, type GateName } from '../pipeline/stages.ts';
import { HOLD_REASONS, type HoldReason, type ItemState } from '../pipeline/state.ts';
import { VerdictClass, VerdictKind } from '../pipeline/verdict.ts';
import { holdExit } from '../report/exits.ts';
import type { Failure } from '../report/failure.ts';
import { commitLink } from '../report/links.ts';
import { nextOfVerdict } from '../report/next-step.ts';
import type { Stage } from '../pipeline/stages.ts';
import type { Session } from './engine.ts';
import { repositoryPage } from './page.ts';

type Words = Readonly<Record<string, string>>;

/** Class of a hold whose cause is no verdict of a gate. */
const HOLD_CLASS: Readonly<Record<HoldReason, VerdictClass>> = {
  questions: 'human',
  'analysis-empty': 'agent',
  'agent-failed': 'agent',
  'agent-unavailable': 'infra',
  'ci-silent': 'infra',
  'retries-exhausted': 'code',
  'no-progress': 'code',
  loop: 'human',
  infra: 'infra',
  'deploy-failed': 'infra',
  'deploy-unknown': 'infra',
  'not-landed': 'infra',
  'pr-create-failed': 'infra',
  'merge-refused': 'config',
  'merged-outside': 'human',
  'report-untrusted': 'human',
  'config-invalid': 'config',
  budget: 'config',
  'tracker-gone': 'human',
  'branch-gone': 'human',
};

/** The failure block of a gate that sent the item back; `data` as `rework` wrote it. spec: H-FUI-7 */
export function failureOfGate(session: Session, item: ItemState, data: Words): Failure {
  const verdict = {
    gate: data['gate'] ?? '',
    verdict: VerdictKind.safeParse(data['verdict']).data ?? 'fail',
    code: data['code'] ?? '',
    class: VerdictClass.safeParse(data['class']).data ?? null,
    text: data['text'] ?? '',
  };
  const { attempt, limit } = data;
  const then =
    attempt === undefined || limit === undefined
      ? forHold(item.hold?.code ?? 'retries-exhausted', item.stage)
      : nextOfVerdict({ ...verdict, action: 'dev' }, { attempt: Number(attempt), limit: Number(limit) });
  return { verdict, evidence: proof(session, data['sha'], data['report']), ...then };
}

/** The failure block of a hold: `code` the reason, `cause` the verdict code or the outcome of the worker. spec: H-FUI-7 */
export function failureOfHold(session: Session, item: ItemState, stage: Stage, data: Words): Failure {
  const reason = HOLD_REASONS.find((known) => known === data['code']) ?? 'infra';
  const cause = data['cause'] ?? reason;
  const judged = gateOf(cause);
  const record = judged === null ? null : (item.gates[judged.gate] ?? null);
  return {
    verdict: {
      gate: judged?.gate ?? stage,
      verdict: 'hold',
      code: cause,
      class: judged?.class ?? HOLD_CLASS[reason],
      text: data['text'] ?? '',
    },
    evidence: proof(session, record?.sha ?? '', record?.report ?? ''),
    ...forHold(reason, stage),
  };
}

function forHold(reason: HoldReason, stage: Stage): Pick<Failure, 'next' | 'who'> {
  const cls = HOLD_CLASS[reason];
  return { next: holdExit(reason, stage), who: cls === 'infra' || cls === 'config' ? 'operator' : 'author' };
}

/** The gate that gives a code, and how it classes it. */
function gateOf(code: string): { readonly gate: GateName; readonly class: VerdictClass | null } | null {
  for (const gate of GATES) {
    const row = GATE_CODES[gate].find((candidate) => candidate.code === code && candidate.verdict !== 'pass');
    if (row !== undefined) return { gate, class: row.class };
  }
  return null;
}

/** The report at the judged commit, else the page of the run. */
function proof(session: Session, sha = '', report = ''): string | null {
  const link = sha === '' || report === '' ? null : commitLink(repositoryPage(session), sha, report);
  return link ?? session.engine.runUrl;
}
