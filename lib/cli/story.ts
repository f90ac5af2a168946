import { type StoredIssue, readIssue } from '../adapters/tracker/file-store.ts';
import { htmlText } from '../adapters/tracker/html-text.ts';
import { errorText } from '../base/errors.ts';
import type { LocalEngine, LocalOptions } from '../engines/local.ts';
import { STATUS_NAMES } from '../pipeline/status-names.ts';
import { VERDICT_ICON } from '../report/verdict-icon.ts';
import type { LiveView } from './live-view.ts';

type StepEvent = Parameters<NonNullable<LocalOptions['onStep']>>[0];

/** Tells what happens to one issue: the board, the runs, the gates, the artifacts. */
export interface Story {
  readonly onRun: NonNullable<LocalOptions['onRun']>;
  readonly onStep: NonNullable<LocalOptions['onStep']>;
  /** Starts to look at an issue of an engine. */
  follow(engine: LocalEngine, issue: string): void;
  /** Looks now; resolves when everything so far is told. */
  look(): Promise<void>;
}

interface Seen {
  moves: number;
  /** Comment id → its text when it was told. */
  readonly comments: Map<string, string>;
  head: string | null;
}

/** A run begins before the one that dispatched it has ended: what it says waits, so that each run is told in one piece. */
interface ToldRun {
  readonly id: number;
  readonly calls: (() => void)[];
}

export function createStory(view: LiveView): Story {
  let source: { readonly engine: LocalEngine; readonly issue: string } | null = null;
  const seen: Seen = { moves: 0, comments: new Map(), head: null };
  let looking: Promise<void> = Promise.resolve();
  const runs: ToldRun[] = [];

  const tell = (id: number, call: () => void) => {
    const run = runs.find((candidate) => candidate.id === id);
    if (run === undefined || run === runs[0]) call();
    else run.calls.push(call);
  };
  const endRun = (isGood: boolean) => {
    view.end(isGood);
    runs.shift();
    for (const call of runs[0]?.calls.splice(0) ?? []) call();
  };
  const lookOnce = async (files: boolean) => {
    if (source === null) return;
    const { engine, issue } = source;
    if (files) await tellFiles(view, engine, issue, seen);
    const stored = await readIssue(engine.issues, issue);
    if (stored !== null) tellIssue(view, stored, seen);
  };
  // A look that fails must not end what it looks at.
  const look = (files = false): Promise<void> => {
    looking = looking.then(() => lookOnce(files)).catch((thrown: unknown) => view.line(`⚠️ ${errorText(thrown)}`));
    return looking;
  };

  return {
    onRun(run, state) {
      if (state === 'running') {
        runs.push({ id: run.id, calls: [] });
        tell(run.id, () => view.begin(run.title));
      } else void look(true).then(() => tell(run.id, () => endRun(state === 'success')));
    },
    onStep(event) {
      tell(event.run.id, () => tellStep(view, event));
      void look();
    },
    follow(engine, issue) {
      source = { engine, issue };
    },
    look: () => look(),
  };
}

function tellStep(view: LiveView, { step, result, error }: StepEvent): void {
  if (error !== null) return view.line(`⚠️ ${step}: ${error}`);
  if (result === null) return;
  const { verdict } = result;
  if (verdict === null) return view.line(`· ${step}: ${result.line}`);
  view.line(`${VERDICT_ICON[verdict.verdict]} gate ${verdict.gate} · ${verdict.code} · ${verdict.text}`);
  if (verdict.verdict === 'pass') return;
  for (const line of (verdict.findings ?? '').split('\n').filter((text) => text.trim() !== ''))
    view.line(`   │ ${line}`);
}

function tellIssue(view: LiveView, issue: StoredIssue, seen: Seen): void {
  for (const { from, to, actor } of issue.moves.slice(seen.moves))
    view.line(`📋 ${STATUS_NAMES[from][0]} → ${STATUS_NAMES[to][0]} (${actor})`);
  seen.moves = issue.moves.length;
  for (const comment of issue.comments) {
    const words = comment.text ?? comment.html ?? '';
    if (seen.comments.get(comment.id) === words) continue;
    seen.comments.set(comment.id, words);
    const [first = '', ...more] = comment.text === undefined ? htmlLines(words) : words.split('\n');
    view.line(`💬 ${comment.actor}: ${first}`);
    for (const line of more) view.line(`   ${line}`);
  }
}

/** Lines of a comment as a person sees them. */
function htmlLines(html: string): string[] {
  return html
    .split(/<br\s*\/?>|<\/p>|<\/li>/)
    .map(htmlText)
    .filter((line) => line !== '');
}

async function tellFiles(view: LiveView, engine: LocalEngine, issue: string, seen: Seen): Promise<void> {
  const { snapshot } = await engine.view();
  const item = [...snapshot.items.values()].find((candidate) => candidate.issue === issue);
  if (item === undefined || item.head === null || item.head === seen.head) return;
  const changed = await engine.git.diff(seen.head ?? item.base ?? item.head, item.head);
  seen.head = item.head;
  const folder = `docs/work-items/${item.id}/`;
  const names = changed.map(
    ({ status, path }) => `${status === 'D' ? '−' : ''}${path.startsWith(folder) ? path.slice(folder.length) : path}`,
  );
  if (names.length > 0) view.line(`📄 ${item.head.slice(0, 8)} on ${item.branch ?? ''}: ${names.join(', ')}`);
}
