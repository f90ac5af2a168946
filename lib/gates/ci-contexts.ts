import picomatch from 'picomatch';

/** A commit status as the forge lists it; unknown states are kept. */
export interface StatusFact {
  readonly context: string;
  readonly state: string;
  readonly description: string;
  readonly targetUrl: string | null;
  readonly updatedAt?: string | null;
}

/** What one context says. `waiting`: pending, or a word nobody knows. */
export type ContextState = 'red' | 'waiting' | 'skipped' | 'green';
export interface Context {
  readonly name: string;
  readonly state: ContextState;
  /** The forge's own word. */
  readonly word: string;
  readonly description: string;
  readonly url: string | null;
}

const STATES: Readonly<Record<string, ContextState>> = {
  failure: 'red',
  error: 'red',
  cancelled: 'red',
  canceled: 'red',
  skipped: 'skipped',
  success: 'green',
  warning: 'green',
};
const WORST: readonly ContextState[] = ['red', 'waiting', 'skipped', 'green'];

const stateOf = (word: string): ContextState => {
  const key = word.trim().toLowerCase();
  return Object.hasOwn(STATES, key) ? (STATES[key] ?? 'waiting') : 'waiting';
};

/** The prefix of our own contexts: judging them would wait for itself. */
const OURS = 'conveyor/';

/**
 * Whether a context is named by a glob. An equal name always matches; `*` crosses slashes, brackets are ordinary
 * characters (`CI / test (push)`).
 */
export function contextMatcher(globs: readonly string[]): (name: string) => boolean {
  const tests = globs
    .filter((glob) => glob !== '')
    .map((glob) => {
      const matches = picomatch(glob.replace(/[()]/g, '\\$&'), {
        bash: true,
        dot: true,
        nonegate: true,
        noextglob: true,
        nobrace: true,
        nobracket: true,
      });
      return (name: string) => name === glob || matches(name);
    });
  return (name) => tests.some((test) => test(name));
}

/** The foreign contexts of a listing, sorted; an equal name twice counts as the worse. spec: G-CI-2 */
export function foreignContexts(rows: readonly StatusFact[], ignore: readonly string[] = []): readonly Context[] {
  const ignored = contextMatcher(ignore);
  const byName = new Map<string, Context>();
  for (const row of rows) {
    if (row.context.startsWith(OURS) || ignored(row.context)) continue;
    const context: Context = {
      name: row.context,
      state: stateOf(row.state),
      word: row.state,
      description: row.description,
      url: row.targetUrl,
    };
    const known = byName.get(row.context);
    if (known === undefined || WORST.indexOf(context.state) < WORST.indexOf(known.state))
      byName.set(row.context, context);
  }
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export interface RequiredContexts {
  readonly contexts: readonly Context[];
  /** Globs that no reported context answers to. */
  readonly absent: readonly string[];
}

/** The contexts that the globs ask for, and the globs nobody answered. spec: G-CI-3 */
export function selectRequired(all: readonly Context[], globs: readonly string[]): RequiredContexts {
  const required = contextMatcher(globs);
  return {
    contexts: all.filter((context) => required(context.name)),
    absent: globs.filter((glob) => {
      const matches = contextMatcher([glob]);
      return !all.some((context) => matches(context.name));
    }),
  };
}

/** Whether two reads show the same contexts in the same states. spec: G-CI-4 */
export function sameContexts(before: readonly Context[], after: readonly Context[]): boolean {
  const key = (contexts: readonly Context[]) => JSON.stringify(contexts.map((context) => [context.name, context.word]));
  return key(before) === key(after);
}
