import { escapeHtml } from './escape.ts';
import { type UsageFigures, isUsed, renderMinutes, renderMoney, renderTokens } from './figures.ts';
import { type MessageKey, message } from './message.ts';
import { MAX_REASON, MAX_TITLE, cut, neutral, oneLine } from './neutral.ts';

/** Telegram's limit, in UTF-16 units. spec: H-CRD-4 */
const LONGEST = 4096;
const RULE = '━'.repeat(22);
const LABEL_WIDTH = 13;

type LabelKey = Extract<MessageKey, `stage.${string}` | 'card.brd' | 'card.deploy_ok'>;
interface RowBase {
  readonly label: LabelKey;
}
export type CardRow = RowBase &
  (
    | {
        readonly kind: 'done';
        readonly seconds: number | null;
        readonly usage: UsageFigures | null;
      }
    | { readonly kind: 'running'; readonly attempt: number }
    | { readonly kind: 'queued' }
    | { readonly kind: 'failed'; readonly attempt: number; readonly reason: string }
    /** A person's turn: `waiting` now, or it is over. */
    | { readonly kind: 'person'; readonly seconds: number | null; readonly waiting: boolean }
    | { readonly kind: 'auto'; readonly by: string }
  );

export type CardWaiting =
  | { readonly kind: 'queue'; readonly behind: string }
  | { readonly kind: 'hold'; readonly why: string };

export interface Card {
  readonly id: string;
  readonly title: string;
  /** Page of the issue; null = no usable address, then the id is plain. */
  readonly url: string | null;
  readonly state: 'open' | 'done' | 'cancelled';
  /** Name of the board's status. */
  readonly board: string;
  readonly detail: string | null;
  readonly rows: readonly CardRow[];
  readonly waiting: CardWaiting | null;
  /** What a person can do now. */
  readonly next: string | null;
  /** Of all runs, failed ones too. */
  readonly usage: UsageFigures | null;
  readonly pull: { readonly number: number; readonly href: string | null } | null;
}

/** The chat card as HTML, at most 4096 UTF-16 units: detail of the waiting line, then the title give way. Pure. spec: people §2.1 */
export function renderCard(card: Card): string {
  const waiting = card.waiting?.kind === 'hold' ? { ...card.waiting, why: '…' } : card.waiting;
  const title = cut(card.title, 20);
  const texts = [card, { ...card, waiting }, { ...card, waiting, title }].map(renderLines);
  return (
    texts.find((text) => text.length <= LONGEST) ??
    renderLines({ ...card, title, rows: [], waiting, next: null, detail: null })
  );
}

function renderLines(card: Card): string {
  const { rows, waiting, next } = card;
  const action = next === null ? [] : [escapeHtml(`👉 ${data(next, MAX_REASON)}`)];
  return [
    header(card),
    `📍 ${escapeHtml([card.board, ...(card.detail === null ? [] : [data(card.detail)])].join(' · '))}`,
    ...(rows.length + action.length + (waiting === null ? 0 : 1) === 0 ? [] : [RULE]),
    ...rows.map((row) => escapeHtml(renderRow(row))),
    ...(waiting === null ? [] : [escapeHtml(renderWaiting(waiting))]),
    ...action,
    ...footer(card),
  ].join('\n');
}

function header({ id, title, url, state }: Card): string {
  const number = url === null ? escapeHtml(id) : `<a href="${escapeHtml(url)}">${escapeHtml(id)}</a>`;
  const icon = { open: '🛠️', done: '🎉', cancelled: '🚫' }[state];
  const end = state === 'open' ? '' : ` — ${message(`card.${state}`)}`;
  return `${icon} ${number} · ${escapeHtml(data(title) || id)}${end}`;
}

function renderRow(row: CardRow): string {
  const label = message(row.label);
  const padded = label.padEnd(LABEL_WIDTH);
  switch (row.kind) {
    case 'done':
      return [`✅ ${padded} ${renderMinutes(row.seconds)}`, ...agentPart(row)].join(' · ');
    case 'running':
      return row.attempt > 1
        ? `🔄 ${label} · ${message('card.again', { n: String(row.attempt) })}`
        : `🔄 ${padded} … · ${message('card.running')}`;
    case 'queued':
      return `⏳ ${padded} … · ${message('card.queued')}`;
    case 'failed':
      return `❌ ${label} · ${message('card.failed', { n: String(row.attempt), reason: cut(oneLine(row.reason), MAX_REASON) })}`;
    case 'person':
      return row.waiting
        ? `⏸️ ${padded} ${renderMinutes(row.seconds)} · ${message('card.yours')} ⏳`
        : `✅ ${padded} ${renderMinutes(row.seconds)} · ${message('card.yours')}`;
    case 'auto':
      return `✅ ${padded} ${message('card.auto', { label: row.by })}`;
  }
}

function agentPart({ usage }: Extract<CardRow, { kind: 'done' }>): string[] {
  if (usage === null || !isUsed(usage)) return [];
  const cost = usage.costUsd === null ? [] : [renderMoney(usage.costUsd)];
  return [`${renderTokens(usage.input)}↓/${renderTokens(usage.output)}↑`, ...cost];
}

function renderWaiting(waiting: CardWaiting): string {
  if (waiting.kind === 'queue') return message('card.queue', { id: waiting.behind });
  return message('card.hold', { why: cut(oneLine(waiting.why), MAX_REASON) });
}

function footer({ usage, state, pull }: Card): string[] {
  const lines = usage === null || !isUsed(usage) ? [] : [escapeHtml(moneyLine(usage))];
  if (state === 'done') lines.push([...pullPart(pull), escapeHtml(message('card.deployed'))].join(' · '));
  return lines.length === 0 ? [] : [RULE, ...lines];
}

function pullPart(pull: Card['pull']): string[] {
  if (pull === null) return [];
  const text = escapeHtml(message('link.pr', { n: String(pull.number) }));
  return [pull.href === null ? text : `<a href="${escapeHtml(pull.href)}">${text}</a>`];
}

function moneyLine(usage: UsageFigures): string {
  const tokens = `💰 ${renderTokens(usage.input)}↓ / ${renderTokens(usage.output)}↑`;
  return usage.costUsd === null ? tokens : `${tokens} · ${renderMoney(usage.costUsd)}`;
}

const data = (text: string, max = MAX_TITLE): string => neutral(cut(oneLine(text), max));
