import { createHash } from 'node:crypto';
import { z } from 'zod';

export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const sha = z.string().regex(/^[0-9a-f]{40}$|^[0-9a-f]{64}$/);

/** What an artifact is and where it comes from; stored beside it and in the delivery record. spec: D-ART-3 */
export const Manifest = z.object({
  schema: z.literal(1),
  item: z.string().min(1),
  kind: z.literal('bundle'),
  digest: Digest,
  /** Bytes. */
  size: z.int().min(1),
  /** Commit it was built from: what every revision check compares with. */
  commit: sha,
  tree: sha,
  code_tree: sha,
  /** Commit of main in the combination. */
  base: sha,
  build_key: z.string().regex(/^[0-9a-f]{64}$/),
  /** The forge's run id, or the local engine's name of the run. */
  run: z.union([z.int(), z.string().min(1)]),
  created_at: z.iso.datetime(),
});
export type Manifest = z.infer<typeof Manifest>;

export type ManifestResult =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly text: string };

/** Reads the bytes of a manifest.json. Never throws. */
export function parseManifest(bytes: Buffer | string): ManifestResult {
  let data: unknown;
  try {
    data = JSON.parse(bytes.toString());
  } catch {
    return { ok: false, text: 'the manifest is not JSON' };
  }
  const parsed = Manifest.safeParse(data);
  if (parsed.success) return { ok: true, manifest: parsed.data };
  const issue = parsed.error.issues[0];
  return { ok: false, text: `the manifest is not valid: ${issue?.path.join('.') || '(top level)'}: ${issue?.message}` };
}

/** One line of JSON in the order of the schema. */
export function renderManifest(manifest: Manifest): string {
  return `${JSON.stringify(Manifest.parse(manifest))}\n`;
}

/** What decides whether a build would give something new; `output` and `build` as configured. */
export interface BuildSection {
  readonly kind: string;
  readonly build: string;
  readonly output: string;
}

/** sha256 hex of code tree and build section: an equal key re-uses the recorded artifact. spec: D-ART-4 */
export function buildKey(codeTree: string, section: BuildSection): string {
  const { kind, build, output } = section;
  return createHash('sha256')
    .update(JSON.stringify([codeTree, kind, build, output]))
    .digest('hex');
}
