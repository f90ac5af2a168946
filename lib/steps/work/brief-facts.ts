import { randomUUID } from 'node:crypto';
import { renderBounce } from '../../artifacts/bounce.ts';
import { extractReviewFindings } from '../../artifacts/findings.ts';
import { artifactPath, fragmentPath, workItemFolder } from '../../artifacts/paths.ts';
import type { Role } from '../../pipeline/stages.ts';
import type { ItemState } from '../../pipeline/state.ts';
import { commitLink } from '../../report/links.ts';
import type { Session } from '../engine.ts';
import { repositoryPage } from '../page.ts';
import type { BriefFacts } from './brief.ts';
import { cleanForPrompt } from './prompt-text.ts';

export interface RunOfStage {
  readonly role: Role;
  readonly head: string;
  readonly attempt: number;
  readonly previous: BriefFacts['previous'];
  /** What the pre-check said of the first run of a repair. */
  readonly refused: string | null;
}

/** What one run is told about its item: the files at the head, and what gates, people and the run before it said. spec: AG-PORT-4, AG-BRF-1 */
export async function loadBriefFacts(session: Session, item: ItemState, run: RunOfStage): Promise<BriefFacts> {
  const { engine, config } = session;
  const { role, head, attempt, previous } = run;
  const entries = await engine.code.listTree(head, workItemFolder(item.id));
  const contents = await engine.code.readFiles(
    head,
    entries.map((entry) => entry.path),
  );
  const nonce = randomUUID().slice(0, 8);
  return {
    item: item.id,
    role,
    stage: item.stage,
    round: item.rounds[item.stage] ?? 1,
    attempt,
    repository: engine.repository,
    branch: item.branch ?? '',
    base: item.base ?? head,
    head,
    fragment: fragmentPath(item.id, config.docs.fragment_dir),
    inputs: entries.map((entry) => ({ path: entry.path, bytes: contents.get(entry.path)?.length ?? 0 })),
    previous,
    ...(item.bounce === null ? {} : { bounce: bounceOf(item, item.bounce, repositoryPage(session), nonce) }),
    reports: [item.bounce === null ? item.findings : null, item.lastRun?.text ?? null, run.refused].filter(
      (text) => text !== null,
    ),
    data: item.words === null ? [] : [{ label: 'what a person added to the retry', text: item.words }],
    ...(role === 'analyst'
      ? { request: contents.get(artifactPath(item.id, '00-business-request.md'))?.toString('utf8') ?? item.description }
      : {}),
    nonce,
  };
}

/** The findings of the gate that sent the item back, in the form of artifacts §7. Never throws. spec: AR-FB-1…7 */
export function bounceOf(
  item: ItemState,
  bounce: NonNullable<ItemState['bounce']>,
  page: string | null,
  nonce: string,
): string {
  const { gate, code, verdict, attempt, limit, sha, report } = bounce;
  const text = item.findings === null ? null : cleanForPrompt(item.findings);
  const structured = text === null ? null : extractReviewFindings(text);
  return renderBounce({
    item: item.id,
    gate,
    code,
    verdict: verdict === 'pass' ? 'error' : verdict,
    attempt,
    limit,
    findings:
      gate === 'review' && structured !== null && structured.items.length + structured.prose.length > 0
        ? structured
        : text,
    earlier: item.rejections.map(({ round, findings }) => ({
      round,
      findings: extractReviewFindings(cleanForPrompt(findings)).items,
    })),
    // Without a page that can be opened the file itself is in the work tree.
    link: report === null ? null : ((sha === null ? null : commitLink(page, sha, report)) ?? report),
    nonce,
  });
}
