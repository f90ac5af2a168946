import { z } from 'zod';
import type { Sha } from '../../ports/git.ts';
import type { ChangeEntry } from './change-entry.ts';

const MANIFEST = 'changes.json';
const MANIFEST_BYTES = 16 * 1024 * 1024;
const MAX_ENTRIES = 20_000;
/** Above what `collectChanges` can hand over; the applier's own limits come after. */
const MAX_BYTES = 64 * 1024 * 1024;

const wellFormed = (text: string): boolean => text.isWellFormed() && !text.includes('\0');
const path = z.string().min(1).max(4096).refine(wellFormed, 'is not a text that can name a file');
const blob = z.int().min(0).max(MAX_ENTRIES);
/** One entry: a deletion, a file with its blob, a link with its target, or a path that cannot travel. */
const PackedEntry = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('deleted'), path, kind: z.enum(['file', 'symlink']), executable: z.boolean() }),
  z.strictObject({ is: z.literal('file'), path, executable: z.boolean(), blob, size: z.int().min(0).max(MAX_BYTES) }),
  z.strictObject({ is: z.literal('symlink'), path, target: z.string().max(4096).refine(wellFormed, 'is not a text') }),
  z.strictObject({ is: z.enum(['submodule', 'other']), path }),
]);
type PackedEntry = z.infer<typeof PackedEntry>;
const Manifest = z.strictObject({
  version: z.literal(1),
  base: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/),
  entries: z.array(PackedEntry).max(MAX_ENTRIES),
});
type Manifest = z.infer<typeof Manifest>;

export type Unpacked =
  | { readonly ok: true; readonly base: Sha; readonly changes: readonly ChangeEntry[] }
  | { readonly ok: false; readonly error: string };

/** Changes as the files of a hand-over: `changes.json` and one `blob-<n>` per file. Judge them first: sizes are not limited here. */
export function packChanges(changes: readonly ChangeEntry[], base: Sha): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const entries = changes.map((change): PackedEntry => {
    const { path: where, kind, executable, content } = change;
    if (kind === 'submodule' || kind === 'other') return { is: kind, path: where };
    if (content === null) return { is: 'deleted', path: where, kind, executable };
    if (kind === 'symlink')
      return { is: 'symlink', path: where, target: change.linkTarget ?? content.toString('utf8') };
    const number = files.size;
    files.set(`blob-${number}`, content);
    return { is: 'file', path: where, executable, blob: number, size: content.length };
  });
  const manifest: Manifest = { version: 1, base, entries };
  files.set(MANIFEST, Buffer.from(JSON.stringify(manifest)));
  return files;
}

/**
 * The changes of a hand-over that branch code may have touched: every blob exactly once and of its size, no path twice,
 * nothing else in it, within limits. Never throws. Paths and contents are still to be judged. spec: AG-PORT-6
 */
export function unpackChanges(files: ReadonlyMap<string, Buffer>): Unpacked {
  const refuse = (error: string): Unpacked => ({
    ok: false,
    error: `the handed-over changes are not usable: ${error}`,
  });
  const text = files.get(MANIFEST);
  if (text === undefined) return refuse(`${MANIFEST} is missing`);
  if (text.length > MANIFEST_BYTES)
    return refuse(`${MANIFEST} has ${text.length} bytes, allowed are ${MANIFEST_BYTES}`);
  const total = [...files.values()].reduce((sum, file) => sum + file.length, 0);
  if (total > MAX_BYTES + MANIFEST_BYTES) return refuse(`${total} bytes, allowed are ${MAX_BYTES + MANIFEST_BYTES}`);
  const parsed = parseManifest(text);
  if (typeof parsed === 'string') return refuse(parsed);

  const changes: ChangeEntry[] = [];
  const paths = new Set<string>();
  const unused = new Set(files.keys());
  unused.delete(MANIFEST);
  for (const entry of parsed.entries) {
    if (paths.has(entry.path)) return refuse(`path ${JSON.stringify(entry.path)} stands there twice`);
    paths.add(entry.path);
    if (entry.is === 'file') {
      const name = `blob-${entry.blob}`;
      const content = files.get(name);
      if (content === undefined || !unused.delete(name)) return refuse(`${name} is missing or used twice`);
      if (content.length !== entry.size)
        return refuse(`${name} has ${content.length} bytes, announced are ${entry.size}`);
      changes.push({ path: entry.path, kind: 'file', executable: entry.executable, content });
    } else changes.push(withoutBlob(entry));
  }
  if (unused.size > 0)
    return refuse(`${unused.size} files that no entry names, first ${JSON.stringify([...unused][0])}`);
  return { ok: true, base: parsed.base, changes };
}

function withoutBlob(entry: Exclude<PackedEntry, { is: 'file' }>): ChangeEntry {
  if (entry.is === 'deleted')
    return { path: entry.path, kind: entry.kind, executable: entry.executable, content: null };
  if (entry.is === 'symlink')
    return {
      path: entry.path,
      kind: 'symlink',
      executable: false,
      content: Buffer.from(entry.target),
      linkTarget: entry.target,
    };
  return { path: entry.path, kind: entry.is, executable: false, content: Buffer.alloc(0) };
}

/** The manifest, or what is wrong with it. */
function parseManifest(text: Buffer): Manifest | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    return `${MANIFEST} is not JSON in UTF-8`;
  }
  const parsed = Manifest.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `${MANIFEST}: ${issue?.path.join('.') || 'top level'}: ${issue?.message ?? 'invalid'}`;
}
