import type { StoredIssue } from '../adapters/tracker/file-store.ts';
import { htmlText } from '../adapters/tracker/html-text.ts';
import type { LocalOptions } from '../engines/local.ts';
import type { ItemState } from '../pipeline/state.ts';
import { STATUS_NAMES } from '../pipeline/status-names.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { VERDICT_ICON } from '../report/verdict-icon.ts';

export type StepEvent = Parameters<NonNullable<LocalOptions['onStep']>>[0];

/** What was told already, so that each thing is told once. */
export interface Told {
  moves: number;
  /** Comment id → its words when it was told. */
  readonly comments: Map<string, string>;
  /** `<run> <gate>`. */
  readonly gates: Set<string>;
  /** Head of the branch whose files were told. */
  head: string | null;
}

const renderGate = ({ gate, verdict, code, text }: Pick<Verdict, 'gate' | 'verdict' | 'code' | 'text'>) =>
  `${VERDICT_ICON[verdict]} gate ${gate} · ${code} · ${text}`;

/** A step that ended: the gate's verdict with what the developer is told, or what the step did. */
export function stepLines({ run, step, result, error }: StepEvent, told: Told): string[] {
  if (error !== null) return [`⚠️ ${step}: ${error}`];
  if (result === null) return [];
  const { verdict } = result;
  if (verdict === null) return [`· ${step}: ${result.line}`];
  told.gates.add(`${run.id} ${verdict.gate}`);
  const findings = verdict.verdict === 'pass' ? '' : (verdict.findings ?? '');
  return [
    renderGate(verdict),
    ...findings
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => `   │ ${line}`),
  ];
}

/** Moves and comments of the issue that are new. */
export function issueLines(issue: StoredIssue, told: Told): string[] {
  const moves = issue.moves
    .slice(told.moves)
    .map(({ from, to, actor }) => `📋 ${STATUS_NAMES[from][0]} → ${STATUS_NAMES[to][0]} (${actor})`);
  told.moves = issue.moves.length;
  const comments = issue.comments.flatMap(({ id, actor, text, html }) => {
    const words = text ?? html ?? '';
    if (told.comments.get(id) === words) return [];
    told.comments.set(id, words);
    const [first = '', ...more] = text === undefined ? htmlLines(words) : words.split('\n');
    return [`💬 ${actor}: ${first}`, ...more.map((line) => `   ${line}`)];
  });
  return [...moves, ...comments];
}

/** Lines of a comment as a person sees them. */
function htmlLines(html: string): string[] {
  return html
    .split(/<br\s*\/?>|<\/p>|<\/li>/)
    .map(htmlText)
    .filter((line) => line !== '');
}

/** Gates of the ledger that no step of its own judged. */
export function gateLines(item: ItemState, told: Told): string[] {
  const inOrder = Object.entries(item.gates).toSorted(([, a], [, b]) => Date.parse(a.at) - Date.parse(b.at));
  return inOrder.flatMap(([gate, record]) => {
    const key = `${record.run} ${gate}`;
    if (told.gates.has(key)) return [];
    told.gates.add(key);
    return [renderGate({ gate: gate as Verdict['gate'], ...record })];
  });
}

/** Files that came with the branch's new head. */
export function fileLine(
  item: ItemState,
  changed: readonly { readonly status: string; readonly path: string }[],
): string {
  const folder = `docs/work-items/${item.id}/`;
  const names = changed.map(
    ({ status, path }) => `${status === 'D' ? '−' : ''}${path.startsWith(folder) ? path.slice(folder.length) : path}`,
  );
  return `📄 ${item.head?.slice(0, 8) ?? ''} on ${item.branch ?? ''}: ${names.join(', ')}`;
}
