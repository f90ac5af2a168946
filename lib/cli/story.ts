import { readIssue } from '../adapters/tracker/file-store.ts';
import { errorText } from '../base/errors.ts';
import type { LocalEngine, LocalOptions } from '../engines/local.ts';
import type { LiveView } from './live-view.ts';
import { type Told, fileLine, gateLines, issueLines, stepLines } from './story-lines.ts';

/** Tells what happens to one issue: the board, the runs, the gates, the artifacts. */
export interface Story {
  readonly onRun: NonNullable<LocalOptions['onRun']>;
  readonly onStep: NonNullable<LocalOptions['onStep']>;
  /** Looks at an issue from now on; what is there already is not told. */
  follow(engine: LocalEngine, issue: string): Promise<void>;
  /** Looks now; resolves when everything so far is told. */
  look(): Promise<void>;
  /** Looks no more: the engine is about to end. Resolves when the last look is over. */
  close(): Promise<void>;
}

/** A run begins before the one that dispatched it has ended: what it says waits, so that each run is told in one piece. */
interface ToldRun {
  readonly id: number;
  readonly calls: (() => void)[];
}

export function createStory(view: LiveView): Story {
  let source: { readonly engine: LocalEngine; readonly issue: string } | null = null;
  const told: Told = { moves: 0, comments: new Map(), gates: new Set(), head: null };
  let looking: Promise<void> = Promise.resolve();
  const runs: ToldRun[] = [];

  const duringRun = (id: number, call: () => void) => {
    const run = runs.find((candidate) => candidate.id === id);
    if (run === undefined || run === runs[0]) call();
    else run.calls.push(call);
  };
  const endRun = (isGood: boolean) => {
    view.end(isGood);
    runs.shift();
    for (const call of runs[0]?.calls.splice(0) ?? []) call();
  };
  const tell = (lines: readonly string[]) => {
    for (const line of lines) view.line(line);
  };
  const lookAtIssue = async () => {
    const stored = source === null ? null : await readIssue(source.engine.issues, source.issue);
    if (stored !== null) tell(issueLines(stored, told));
  };
  const lookAtItem = async () => {
    if (source === null) return;
    const { engine, issue } = source;
    const { snapshot } = await engine.view();
    const item = [...snapshot.items.values()].find((candidate) => candidate.issue === issue);
    if (item === undefined) return;
    tell(gateLines(item, told));
    if (item.head === null || item.head === told.head) return;
    const changed = await engine.git.diff(told.head ?? item.base ?? item.head, item.head);
    told.head = item.head;
    if (changed.length > 0) tell([fileLine(item, changed)]);
  };
  // One look after the other; one that fails must not end what it looks at.
  const next = (look: () => Promise<void>): Promise<void> => {
    looking = looking.then(look).catch((thrown: unknown) => view.line(`⚠️ ${errorText(thrown)}`));
    return looking;
  };

  return {
    onRun(run, state) {
      if (state === 'running') {
        runs.push({ id: run.id, calls: [] });
        duringRun(run.id, () => view.begin(run.title));
        return;
      }
      void next(lookAtItem);
      void next(lookAtIssue).then(() => duringRun(run.id, () => endRun(state === 'success')));
    },
    onStep(event) {
      duringRun(event.run.id, () => tell(stepLines(event, told)));
      void next(lookAtIssue);
    },
    async follow(engine, issue) {
      const stored = await readIssue(engine.issues, issue);
      if (stored !== null) issueLines(stored, told);
      source = { engine, issue };
    },
    look: () => next(lookAtIssue),
    async close() {
      source = null;
      await looking;
    },
  };
}
