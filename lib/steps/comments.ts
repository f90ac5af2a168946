import { z } from 'zod';
import { openFrontmatter } from '../artifacts/frontmatter.ts';
import { workItemFolder } from '../artifacts/paths.ts';
import { errorText } from '../base/errors.ts';
import type { Effect } from '../pipeline/effects.ts';
import type { Stage } from '../pipeline/stages.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { stageDocuments } from '../report/documents.ts';
import { renderDossier } from '../report/dossier.ts';
import type { UsageFigures } from '../report/figures.ts';
import { isNotice, renderNotice } from '../report/notices.ts';
import { renderPullBody, renderPullTitle } from '../report/pull-request.ts';
import { stageVerdict } from '../report/roles.ts';
import { renderStatusComment } from '../report/status-comment.ts';
import { renderSummaryComment } from '../report/summary-comment.ts';
import type { Session } from './engine.ts';
import { failureOfGate, failureOfHold } from './failure.ts';
import { repositoryPage } from './page.ts';
import { fetchCode } from './run-item.ts';

type CommentEffect = Extract<Effect, { kind: 'tracker-comment' }>;

const startStatus = ({ config }: Session) => config.tracker.statuses.to_analyse ?? 'To Analyse';

/**
 * HTML of a comment of the outbox; null = there is nothing to say. Words from people and agents are escaped, and
 * redacted before they are cut. spec: people §1, H-CMT-14
 */
export async function renderComment(
  session: Session,
  snapshot: Snapshot,
  item: ItemState,
  effect: CommentEffect,
): Promise<string | null> {
  const { redact } = session.engine;
  const data = Object.fromEntries(Object.entries(effect.data).map(([key, text]) => [key, redact(text)]));
  const html = await render(session, snapshot, item, { ...effect, data });
  return html === null ? null : redact(html);
}

async function render(
  session: Session,
  snapshot: Snapshot,
  item: ItemState,
  effect: CommentEffect,
): Promise<string | null> {
  const { comment, stage, data } = effect;
  if (comment === 'stage') return statusComment(session, item, effect);
  if (comment === 'summary') return renderSummaryComment(usageByStage(item));
  if (comment === 'confirm') return dossier(session, snapshot, item, data);
  if (!isNotice(comment)) throw new TypeError(`no text for comment ${comment}`);
  const failure =
    comment === 'gate_failed'
      ? failureOfGate(session, item, data)
      : comment === 'held'
        ? failureOfHold(session, item, stage, data)
        : null;
  return renderNotice(comment, {
    stage,
    track: item.track,
    data,
    start: startStatus(session),
    more: session.engine.runUrl,
    failure,
  });
}

/** All failures of the entry gate in one comment. spec: PL-Q-4 */
export function renderEntryFailed({ engine: { redact } }: Session, verdict: Verdict, start = 'To Analyse'): string {
  return redact(
    renderNotice('entry_failed', {
      stage: 'created',
      data: { errors: redact(verdict.text) },
      start,
      more: null,
      failure: null,
    }),
  );
}

const Usage = z.object({
  input: z.number(),
  cacheRead: z.number(),
  cacheCreation: z.number(),
  output: z.number(),
  costUsd: z.number().nullable(),
});

/** Figures of this attempt as `stage.landed` told them; null = the worker's program told none. spec: H-CMT-3 */
function usageOf(json: string | undefined): UsageFigures | null {
  const usage = Usage.safeParse(JSON.parse(json ?? 'null')).data;
  if (usage === undefined) return null;
  const { input, cacheRead, cacheCreation, output, costUsd } = usage;
  return { input: input + cacheRead + cacheCreation, cached: cacheRead, output, costUsd };
}

async function statusComment(
  session: Session,
  item: ItemState,
  { stage, attempt, data }: CommentEffect,
): Promise<string> {
  const { code } = session.engine;
  const sha = data['sha'] ?? item.head ?? '';
  const folder = workItemFolder(item.id);
  const entries = await readCode(session, item, 'documents of the stage', () => code.listTree(sha, folder));
  const report = REPORTS[stage];
  const file =
    report === undefined
      ? null
      : await readCode(session, item, report, () => code.readFile(sha, `${folder}/${report}`));
  const parsed = file === null ? null : openFrontmatter(file);
  return renderStatusComment({
    stage,
    attempt,
    verdict: stageVerdict(stage, parsed?.ok === true ? parsed.data : null),
    seconds: Number(data['seconds'] ?? Number.NaN),
    documents: stageDocuments({
      item: item.id,
      stage,
      files: (entries ?? []).map((entry) => entry.path.slice(folder.length + 1)),
      sha,
      repository: repositoryPage(session),
      branch: item.branch,
      pull: item.pull,
    }),
    usage: usageOf(data['usage']),
  });
}

const REPORTS: Partial<Record<Stage, string>> = {
  review: '12-review.md',
  testing: '13-test-report.md',
  'deploy-staging': '15-staging-log.md',
  deploy: '14-deploy-log.md',
};

/** Reads from the code clone, which is empty where the reconciler repeats a comment: then it is filled first. null = not to be had. */
async function readCode<Value>(
  session: Session,
  item: ItemState,
  what: string,
  read: () => Promise<Value>,
): Promise<Value | null> {
  try {
    return await read();
  } catch {
    try {
      await fetchCode(session.engine, item);
      return await read();
    } catch (thrown) {
      session.engine.log.warn(`${item.id}: a comment goes out without ${what}: ${errorText(thrown)}`);
      return null;
    }
  }
}

function usageByStage(item: ItemState): Partial<Record<Stage, UsageFigures>> {
  return Object.fromEntries(
    Object.entries(item.usage).map(([stage, { input, cached, output, costUsd }]) => [
      stage,
      { input, cached, output, costUsd },
    ]),
  );
}

/** spec: D-A-3 */
async function dossier(
  session: Session,
  { repo, items }: Snapshot,
  item: ItemState,
  data: Readonly<Record<string, string>>,
): Promise<string> {
  const { code } = session.engine;
  const { sha = '', base = '' } = data;
  const landed = repo.lastLanding;
  return renderDossier({
    id: item.id,
    expires: data['expires'] ?? '',
    digest: data['digest'] ?? '',
    sha,
    base,
    diff: await readCode(session, item, 'the size of the change', () => code.diffSize(base, sha, ['docs/work-items'])),
    staging: item.gates.staging?.text ?? null,
    security: null,
    coverage: null,
    // What the last landing brought to production: its artifact while that item is live, else its merge.
    previous:
      landed === null
        ? null
        : { digest: items.get(landed.item)?.delivery?.request?.digest ?? landed.mergeCommit, deployed: landed.at },
    // No gate looks at migrations or at changed hooks: a person is told that nobody knows.
    migration: null,
    hookChanged: null,
  });
}

/** Title and body of a new pull request, without secrets. spec: H-FUI-3 */
export function renderPullRequest({ engine: { redact } }: Session, item: ItemState): { title: string; body: string } {
  const { id, track, description, approval } = item;
  const approved =
    approval === null
      ? null
      : { at: approval.at, by: approval.by, label: approval.via === 'label' ? approval.by : null };
  const title = redact(item.title);
  const body = renderPullBody(
    { id, title, track, issueUrl: null, documentsUrl: null, request: redact(description), criteria: [], approved },
    null,
  );
  return { title: renderPullTitle({ id, title }), body: redact(body) };
}
