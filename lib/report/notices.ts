import { type Stage, stageRow } from '../pipeline/stages.ts';
import { HOLD_REASONS, type HoldReason } from '../pipeline/state.ts';
import { escapeHtml, htmlLines } from './escape.ts';
import { holdExit } from './exits.ts';
import { type Failure, renderFailureHtml } from './failure.ts';
import { message } from './message.ts';
import { MAX_REASON, MAX_TEXT, cut, oneLine } from './neutral.ts';
import { speakerOf } from './roles.ts';

/** What a notice is about: the stage in which it was decided, and the words that came with the decision. */
export interface NoticeSource {
  readonly stage: Stage;
  /** Which way a rejection leads; `full` when it is not told. */
  readonly track?: 'full' | 'bug';
  readonly data: Readonly<Record<string, string>>;
  /** Name of the status that starts an item on this board. */
  readonly start: string;
  /** Page of the whole text, for what had to be cut. */
  readonly more: string | null;
  /** The failure that the notice is about, shown below it in its usual form. */
  readonly failure: Failure | null;
}

const reason = (text: string | undefined): string => cut(oneLine(text ?? ''), MAX_REASON);
/** A sentence inside another one: the catalogue sets the full stop. */
const clause = (text: string | undefined): string => reason(text).replace(/[.\s]+$/, '');
const whole = (text: string | undefined): string => cut((text ?? '').trim(), MAX_TEXT);
const cause = ({ code, text }: Readonly<Record<string, string>>, key = code): string =>
  [clause(text), key === undefined || key === '' ? '' : `(${reason(key)})`].filter((part) => part !== '').join(' ');
const isHold = (code: string | undefined): code is HoldReason => HOLD_REASONS.some((known) => known === code);

/** Comments other than the unified one, by kind. Each names the words it takes from `data`. spec: people §1.2 */
const NOTICES = {
  started: () => message('cmt.started'),
  /** errors */
  entry_failed: ({ data, start }: NoticeSource) =>
    message('cmt.entry_failed', { errors: cut(oneLine(data['errors'] ?? ''), MAX_TEXT).replace(/[.\s]+$/, ''), start }),
  /** text */
  questions: ({ data, start }: NoticeSource) => message('cmt.questions', { text: `\n${whole(data['text'])}\n`, start }),
  resumed: ({ stage }: NoticeSource) => message('cmt.resumed', { role: speakerOf(stage).name }),
  /** reason */
  rejected: ({ data, stage, track }: NoticeSource) =>
    message('cmt.rejected', {
      from: stage,
      to: stageRow(stage).onRejected?.[track ?? 'full'] ?? stage,
      reason: (data['reason'] ?? '').trim() === '' ? message('cmt.no_reason') : reason(data['reason']),
    }),
  /** gate, code, text; attempt and limit when the developer starts again */
  gate_failed: ({ data, stage }: NoticeSource) =>
    message('cmt.gate_failed', {
      gate: reason(data['gate']),
      stage,
      cause: cause(data),
      next:
        data['attempt'] === undefined
          ? ''
          : message('next.retry', { n: reason(data['attempt']), max: reason(data['limit']) }),
    }),
  /** text */
  conflict: ({ data }: NoticeSource) => message('cmt.conflict', { text: `\n${whole(data['text'])}` }),
  /** code (hold reason), cause (verdict code), text */
  held: ({ data, stage }: NoticeSource) => {
    const next = isHold(data['code']) ? holdExit(data['code'], stage) : message('next.operator', { action: 'retry' });
    if (data['code'] === 'analysis-empty') return message('cmt.empty_package', { next });
    return message('cmt.held', {
      gate: reason(data['gate'] ?? stage),
      cause: cause(data, data['cause'] ?? data['code']),
      next,
    });
  },
  /** reason? */
  cancelled: ({ start }: NoticeSource) => message('cmt.cancelled', { start }),
  cancel_deferred: ({ stage }: NoticeSource) => message('cmt.cancel_deferred', { step: stage }),
  cancel_late: () => message('cmt.cancel_late'),
  confirm_expired: () => message('cmt.confirm_expired'),
  /** text */
  ignored: ({ data }: NoticeSource) => message('cmt.ignored', { why: clause(data['text']) }),
  untrusted: () => message('cmt.untrusted'),
} as const;

export type NoticeKind = keyof typeof NOTICES;
export const NOTICE_KINDS = Object.keys(NOTICES) as readonly NoticeKind[];

export function isNotice(kind: string): kind is NoticeKind {
  return Object.hasOwn(NOTICES, kind);
}

/**
 * A comment as HTML with one root: data cut, neutralised and escaped once. Missing words leave their place empty; never
 * throws. spec: H-CMT-8, H-CMT-9, H-CMT-12
 */
export function renderNotice(kind: NoticeKind, source: NoticeSource): string {
  const text = NOTICES[kind](source)
    .trim()
    .replace(/[ \t]*\n[ \t]*/g, '\n');
  const more = text.includes('…') && source.more !== null ? `<p><a href="${escapeHtml(source.more)}">…</a></p>` : '';
  const failure = source.failure === null ? '' : renderFailureHtml(source.failure);
  return `<div><p>${htmlLines(text)}</p>${more}${failure}</div>`;
}
