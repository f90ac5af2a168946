import type { CommitSpec } from '../../ports/git.ts';

const quote = (path: string) => `"${path.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
const person = (text: string) => text.replace(/[<>\n\0]/g, '').trim();
const data = (content: Buffer) => [Buffer.from(`data ${content.length}\n`), content, Buffer.from('\n')];

/** The two header lines of a commit that say who and when. */
function signatures({ author, at }: CommitSpec): readonly string[] {
  const seconds = Math.floor(at.getTime() / 1000);
  return [
    `author ${person(author.name)} <${person(author.email)}> ${seconds} +0000`,
    `committer Conveyor <conveyor@conveyor.invalid> ${seconds} +0000`,
  ];
}

/** A commit object, the same bytes as fast-import makes of the same spec. */
export function renderCommit(spec: CommitSpec, tree: string): Buffer {
  return Buffer.from(
    [`tree ${tree}`, ...spec.parents.map((parent) => `parent ${parent}`), ...signatures(spec), '', spec.message].join(
      '\n',
    ),
  );
}

/**
 * The fast-import stream that makes one commit and prints its id; the scratch ref is gone at its end, so no ref moves.
 * `baseTree` is the tree to start from when it is not that of the first parent.
 */
export function renderFastImport(spec: CommitSpec, scratchRef: string, baseTree: string | null): Buffer {
  const [first, ...others] = spec.parents;
  const lines: Buffer[] = [];
  const line = (text: string) => lines.push(Buffer.from(`${text}\n`));
  line('feature done');
  line(`commit ${scratchRef}`);
  line('mark :1');
  for (const signature of signatures(spec)) line(signature);
  lines.push(...data(Buffer.from(spec.message)));
  if (first !== undefined) line(`from ${first}`);
  for (const parent of others) line(`merge ${parent}`);
  if (baseTree !== null) line(`M 040000 ${baseTree} ""`);
  else if (spec.base === null && first !== undefined) line('deleteall');
  for (const change of spec.changes) {
    const mode = change.mode ?? '100644';
    if (change.blob !== undefined) line(`M ${mode} ${change.blob} ${quote(change.path)}`);
    else if (change.content === null || change.content === undefined) line(`D ${quote(change.path)}`);
    else {
      line(`M ${mode} inline ${quote(change.path)}`);
      lines.push(...data(Buffer.from(change.content as Buffer)));
    }
  }
  line('');
  line('get-mark :1');
  line(`reset ${scratchRef}`);
  line('from 0000000000000000000000000000000000000000');
  line('');
  line('done');
  return Buffer.concat(lines);
}
