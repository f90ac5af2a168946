import { createConversation } from './conversation.ts';

export interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly content: Buffer;
}

/** Names are whatever git resolves to one object: ids, refs, `<commit>:<path>`, `<commit>^{tree}`. */
export interface ObjectReader extends AsyncDisposable {
  /** null = there is no such object. Throws ExternalError GIT_ENDED when git ends meanwhile, or after the end. */
  read(name: string): Promise<GitObject | null>;
  /** Id of what a name means now; null = nothing. */
  resolve(name: string): Promise<string | null>;
}

/** One git process that answers all reads of a repository. Refs are resolved at the time of the question. */
export function createObjectReader(env: Readonly<Record<string, string>>, onRun?: (ms: number) => void): ObjectReader {
  const git = createConversation(['cat-file', '--batch-command'], env, onRun);
  const ask = async (verb: 'contents' | 'info', name: string): Promise<GitObject | null> =>
    // A name of several lines would be several questions.
    /[\n\0]/.test(name) ? null : git.ask(`${verb} ${name}\n`, (output) => takeObject(output, verb === 'contents'));
  return {
    read: (name) => ask('contents', name),
    resolve: async (name) => (await ask('info', name))?.id ?? null,
    [Symbol.asyncDispose]: () => git[Symbol.asyncDispose](),
  };
}

function takeObject(
  output: Buffer,
  hasContent: boolean,
): { readonly answer: GitObject | null; readonly length: number } | null {
  const end = output.indexOf(10);
  if (end < 0) return null;
  const match = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(output.toString('utf8', 0, end));
  if (match === null) return { answer: null, length: end + 1 };
  const [, id = '', type = '', size = '0'] = match;
  if (!hasContent) return { answer: { id, type, content: Buffer.alloc(0) }, length: end + 1 };
  const length = end + 1 + Number(size) + 1;
  if (output.length < length) return null;
  return { answer: { id, type, content: Buffer.from(output.subarray(end + 1, length - 1)) }, length };
}
