import { z } from 'zod';
import { workItemFolder } from '../artifacts/paths.ts';
import { openFrontmatter } from '../artifacts/frontmatter.ts';
import type { Effect } from '../pipeline/effects.ts';
import type { Stage } from '../pipeline/stages.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { stageDocuments } from '../report/documents.ts';
import { renderDossier } from '../report/dossier.ts';
import type { UsageFigures } from '../report/figures.ts';
import { publicBase } from '../report/links.ts';
import { isNotice, renderNotice } from '../report/notices.ts';
import { renderPullBody, renderPullTitle } from '../report/pull-request.ts';
import { stageVerdict } from '../report/roles.ts';
import { renderStatusComment } from '../report/status-comment.ts';
import { renderSummaryComment } from '../report/summary-comment.ts';
import { cardOf } from './card.ts';
import type { Session } from './engine.ts';

type CommentEffect = Extract<Effect, { kind: 'tracker-comment' }>;

const page = ({ engine, config }: Session) => publicBase(config.forge.public_url === '' ? engine.forge.webUrl : `${config.forge.public_url.replace(/\/+$/, '')}/${engine.repository}`);
const startStatus = ({ config }: Session) => config.tracker.statuses.to_analyse ?? 'To Analyse';

/** HTML of a comment of the outbox; null = there is nothing to say. Words from people and agents are escaped. spec: people §1 */
export async function renderComment(session: Session, item: ItemState, effect: CommentEffect): Promise<string | null> {
  const { comment, stage, data } = effect;
  if (comment === 'stage') return statusComment(session, item, effect);
  if (comment === 'summary') return renderSummaryComment(usageByStage(item));
  if (comment === 'confirm') return dossier(item, data);
  if (!isNotice(comment)) throw new TypeError(`no text for comment ${comment}`);
  return renderNotice(comment, { stage, data, start: startStatus(session), more: session.engine.runUrl, failure: null });
}

/** All failures of the entry gate in one comment. spec: PL-Q-4 */
export function renderEntryFailed(verdict: Verdict, start = 'To Analyse'): string {
  return renderNotice('entry_failed', { stage: 'created', data: { errors: verdict.text }, start, more: null, failure: null });
}

const Usage = z.object({ input: z.number(), cacheRead: z.number(), cacheCreation: z.number(), output: z.number(), costUsd: z.number().nullable() }).partial();

async function statusComment(session: Session, item: ItemState, { stage, attempt, data }: CommentEffect): Promise<string> {
  const { engine } = session;
  const sha = data['sha'] ?? item.head ?? '';
  const folder = workItemFolder(item.id);
  const entries = await engine.code.listTree(sha, folder).catch(() => []);
  const file = REPORTS[stage] === undefined ? null : await engine.code.readFile(sha, `${folder}/${REPORTS[stage]}`).catch(() => null);
  const parsed = file === null ? null : openFrontmatter(file);
  const usage = Usage.safeParse(JSON.parse(data['usage'] ?? '{}')).data ?? {};
  return renderStatusComment({
    stage,
    attempt,
    verdict: stageVerdict(stage, parsed?.ok === true ? parsed.data : null),
    seconds: Number(data['seconds'] ?? Number.NaN),
    documents: stageDocuments({
      item: item.id,
      stage,
      files: entries.map((entry) => entry.path.slice(folder.length + 1)),
      sha,
      repository: page(session),
      branch: item.branch,
      pull: item.pull,
    }),
    usage:
      usage.input === undefined
        ? null
        : { input: usage.input + (usage.cacheRead ?? 0) + (usage.cacheCreation ?? 0), cached: usage.cacheRead ?? 0, output: usage.output ?? 0, costUsd: usage.costUsd ?? null },
  });
}

const REPORTS: Partial<Record<Stage, string>> = { review: '12-review.md', testing: '13-test-report.md', 'deploy-staging': '15-staging-log.md', deploy: '14-deploy-log.md' };

function usageByStage(item: ItemState): Partial<Record<Stage, UsageFigures>> {
  return Object.fromEntries(
    Object.entries(item.usage).map(([stage, { input, cached, output, costUsd }]) => [stage, { input, cached, output, costUsd }]),
  );
}

function dossier(item: ItemState, data: Readonly<Record<string, string>>): string {
  const previous = item.delivery?.attempts.at(-1)?.previous ?? null;
  return renderDossier({
    id: item.id,
    expires: data['expires'] ?? '',
    digest: data['digest'] ?? '',
    sha: data['sha'] ?? '',
    base: data['base'] ?? '',
    diff: null,
    staging: item.gates.staging?.text ?? null,
    security: null,
    coverage: null,
    previous: previous === null ? null : { digest: previous, deployed: '' },
    migration: 'none',
    hookChanged: false,
  });
}

export function renderPullRequest(item: ItemState): { title: string; body: string } {
  const approved = item.approval === null ? null : { at: item.approval.at, by: item.approval.by, label: item.approval.via === 'label' ? item.approval.by : null };
  const body = renderPullBody({ id: item.id, title: item.title, track: item.track, issueUrl: null, documentsUrl: null, request: item.description, criteria: [], approved }, null);
  return { title: renderPullTitle(item), body };
}

export function renderItemCard(session: Session, item: ItemState): string {
  return cardOf(item, page(session));
}
