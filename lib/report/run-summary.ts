import type { Verdict } from '../pipeline/verdict.ts';
import type { DocumentLink } from './documents.ts';
import { escapeMarkdown, markdownCode, markdownLink } from './escape.ts';
import { type Failure, renderFailure } from './failure.ts';
import { type UsageFigures, renderDuration, renderUsage } from './figures.ts';
import { message } from './message.ts';
import { MAX_REASON, cut, oneLine } from './neutral.ts';
import { VERDICT_ICON } from './verdict-icon.ts';

/** Why an item stands where it stands, as data. */
export type Why =
  | { readonly kind: 'running'; readonly role: string; readonly since: string }
  | { readonly kind: 'queued' }
  | { readonly kind: 'queue'; readonly behind: string }
  | { readonly kind: 'human'; readonly next: string }
  | { readonly kind: 'hold'; readonly gate: string; readonly cause: string }
  | { readonly kind: 'over' };

/** The sentence without a full stop, plain text. spec: people §3 `why.*` */
export function renderWhy(why: Why): string {
  switch (why.kind) {
    case 'running':
      return message('why.running', { role: why.role, time: why.since });
    case 'queued':
      return message('why.queued');
    case 'queue':
      return message('why.queue', { id: why.behind });
    case 'human':
      return message('why.human', { next: why.next });
    case 'hold':
      return message('why.hold', { gate: why.gate, cause: cut(oneLine(why.cause), MAX_REASON) });
    case 'over':
      return message('why.over');
  }
}

export type GateRow = Pick<Verdict, 'gate' | 'verdict' | 'code'> & { readonly sha: string | null };

export interface RunSummary {
  readonly id: string;
  readonly stage: string;
  readonly attempt: number;
  readonly gates: readonly GateRow[];
  readonly documents: readonly DocumentLink[];
  readonly usage: UsageFigures | null;
  readonly seconds: number | null;
  readonly failure: Failure | null;
  readonly why: Why;
}

/** The page of a stage run as Markdown; the same text goes into the log group `Summary`. spec: H-FUI-2 */
export function renderRunSummary(run: RunSummary): string {
  const figures = [renderDuration(run.seconds), renderUsage(run.usage)].filter((part) => part !== null);
  return join([
    `### ${run.id} · ${run.stage} · ${message('cmt.attempt', { n: String(run.attempt) })}`,
    renderGateTable(run.gates),
    run.failure === null ? '' : renderFailure(run.failure),
    run.documents.map(({ label, href }) => `- ${markdownLink(label, href)}`).join('\n'),
    figures.join(' · '),
    whyLine(run.why),
  ]);
}

export interface PullStatus {
  readonly id: string;
  /** `review → development (attempt 2 of 3)` */
  readonly move: string;
  readonly gates: readonly GateRow[];
  readonly failure: Failure | null;
  readonly why: Why;
}

/** First line of our one comment on a pull request; only together with its author it says that the comment is ours. spec: H-FUI-4 */
export function pullStatusMarker(id: string): string {
  return `<!-- conveyor:status ${id} -->`;
}

/** The sticky comment of a pull request, without the marker line. spec: H-FUI-4 */
export function renderPullStatus(status: PullStatus): string {
  return join([
    `### ${status.id} · ${escapeMarkdown(status.move)}`,
    renderGateTable(status.gates),
    status.failure === null ? '' : renderFailure(status.failure),
    whyLine(status.why),
  ]);
}

function renderGateTable(rows: readonly GateRow[]): string {
  if (rows.length === 0) return '';
  const head = (['gate', 'verdict', 'code', 'sha'] as const).map((key) => message(`forge.${key}`));
  const lines = rows.map(
    ({ gate, verdict, code, sha }) =>
      `| ${gate} | ${VERDICT_ICON[verdict]} ${verdict} | ${markdownCode(code)} | ${sha === null ? '–' : markdownCode(sha.slice(0, 7))} |`,
  );
  return [`| ${head.join(' | ')} |`, '|---|---|---|---|', ...lines].join('\n');
}

function whyLine(why: Why): string {
  return `${message('forge.why')}: ${escapeMarkdown(renderWhy(why)).replace(/\.$/, '')}.`;
}

function join(blocks: readonly string[]): string {
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}
