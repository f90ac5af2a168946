import type { GitPort } from '../../ports/git.ts';

/** Answers kept per question; beyond it they are forgotten, so that a long life does not grow. */
const MOST = 500;

/**
 * A git port that asks each question about commits once: what a full commit id names never changes. Refs and writes
 * pass through. Only for a repository with its whole history: in a shallow clone a later fetch changes answers.
 */
export function rememberObjects(git: GitPort): GitPort {
  const files = new Map<string, Promise<Buffer | null>>();

  async function readFiles(commit: string, paths: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    if (!isId(commit)) return git.readFiles(commit, paths);
    const asked = paths.map((path) => [path, files.get(`${commit} ${path}`)] as const);
    const missing = asked.flatMap(([path, known]) => (known === undefined ? [path] : []));
    const read = missing.length === 0 ? null : git.readFiles(commit, missing);
    const found = new Map<string, Buffer>();
    for (const [path, known] of asked) {
      const answer = known ?? read?.then((all) => all.get(path) ?? null) ?? Promise.resolve(null);
      if (known === undefined) keep(files, `${commit} ${path}`, answer);
      const content = await answer;
      if (content !== null) found.set(path, content);
    }
    return found;
  }

  return {
    ...git,
    readFile: async (commit, path) => (await readFiles(commit, [path])).get(path) ?? null,
    readFiles,
    listTree: once(git.listTree, 1),
    treeOf: once(git.treeOf, 1),
    timeOf: once(git.timeOf, 1),
    parentsOf: once(git.parentsOf, 1),
    codeTree: once(git.codeTree, 1),
    patchId: once(git.patchId, 2),
    mergeBase: once(git.mergeBase, 2),
    isAncestor: once(git.isAncestor, 2),
    mergeTree: once(git.mergeTree, 2),
    firstParents: once(git.firstParents, 2),
    diff: once(git.diff, 2),
  };
}

/** @param ids how many of the first arguments are commits; with another name in their place git is asked every time. */
function once<Args extends readonly string[], Answer>(ask: (...args: Args) => Promise<Answer>, ids: number) {
  const known = new Map<string, Promise<Answer>>();
  return (...args: Args): Promise<Answer> => {
    if (!args.slice(0, ids).every(isId)) return ask(...args);
    const key = args.join(' ');
    return known.get(key) ?? keep(known, key, ask(...args));
  };
}

/** Failures are not kept: the next question is asked again. */
function keep<Answer>(known: Map<string, Promise<Answer>>, key: string, answer: Promise<Answer>): Promise<Answer> {
  if (known.size >= MOST) known.clear();
  known.set(key, answer);
  answer.catch(() => known.delete(key));
  return answer;
}

const isId = (name: string): boolean => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name);
