import { isAcceptedAdr } from '../artifacts/adr.ts';
import { type ChangeVerdict, judgeChange } from '../artifacts/judge-change.ts';
import { missingOutput } from '../artifacts/output.ts';
import type { OutcomeClass } from '../pipeline/outcome.ts';
import type { Role } from '../pipeline/stages.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { Session } from './engine.ts';
import type { ChangeEntry } from './work/change-entry.ts';

export interface Refusal {
  readonly class: OutcomeClass;
  readonly cause: string | null;
  /** The findings, one per line. */
  readonly text: string;
}

/** The applier's verdict on a change against the recorded head; scope and limits come from main. spec: AG-APP-2, AR-SC-1 */
export async function judgeAgainstHead(
  session: Session,
  item: ItemState,
  role: Role,
  head: string,
  changes: readonly ChangeEntry[],
): Promise<ChangeVerdict> {
  const { engine, config } = session;
  const tracked = new Set((await engine.code.listTree(head, '')).map((entry) => entry.path));
  const adrs = [...tracked].filter(
    (path) => /^docs\/architecture\/adr\/adr-[^/]+\.md$/.test(path) && changes.some((change) => change.path === path),
  );
  const accepted = new Set(
    [...(await engine.code.readFiles(head, adrs))]
      .filter(([, content]) => isAcceptedAdr(content))
      .map(([path]) => path),
  );
  return judgeChange(changes, {
    role,
    item: item.id,
    config,
    tracked,
    acceptedAdrs: accepted,
    secrets: Object.values(engine.deploySecrets),
  });
}

/** Why the change of a finished run cannot be taken; null = it can. The same rules before and after the hand-over. spec: AG-PORT-6 */
export async function judgeHandedOver(
  session: Session,
  item: ItemState,
  role: Role,
  head: string,
  changes: readonly ChangeEntry[],
): Promise<Refusal | null> {
  if (changes.length === 0)
    return { class: 'no-change', cause: 'art.no_output', text: `the ${role} finished and changed nothing` };
  const judged = await judgeAgainstHead(session, item, role, head, changes);
  if (!judged.ok) {
    const lines = judged.findings.map(
      (finding) =>
        `- ${finding.path}${finding.line === null ? '' : `:${finding.line}`}: ${finding.text} (${finding.code}, ${finding.rule})`,
    );
    const outside = judged.findings.some(
      (finding) => finding.code.startsWith('scope.') || finding.code === 'art.secret',
    );
    return { class: outside ? 'scope' : 'invalid', cause: judged.findings[0]?.code ?? null, text: lines.join('\n') };
  }
  const tracked = new Set((await session.engine.code.listTree(head, '')).map((entry) => entry.path));
  const missing = missingOutput(role, item.id, judged.changes, tracked);
  if (missing.length === 0) return null;
  return {
    class: 'no-change',
    cause: missing[0]?.code ?? null,
    text: missing.map((fault) => `- ${fault.text} (${fault.code})`).join('\n'),
  };
}
