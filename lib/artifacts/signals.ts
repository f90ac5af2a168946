import { fault, type ArtifactFault } from './codes.ts';
import { substanceFault } from './document.ts';
import { identityFault } from './fields.ts';
import { decodeText, parseFrontmatter } from './frontmatter.ts';
import { artifactRow } from './table.ts';

export type SignalName = '01-questions.md' | '06-conflict.md';

export type Signal =
  /** `text` is what people read: the body without frontmatter. */
  | { readonly kind: 'text'; readonly text: string; readonly warnings: readonly ArtifactFault[] }
  /** No file, unreadable, unedited or another item's: nothing is signalled. */
  | { readonly kind: 'nothing'; readonly warnings: readonly ArtifactFault[] };

/**
 * Reads `01-questions.md` or `06-conflict.md`: any text that is not the template counts, also behind a broken
 * frontmatter, because waiting for a person is the safe side. Never throws. spec: AR-Q-2, AR-Q-5, AR-Q-9
 */
export function readSignal(source: Buffer | string | null, name: SignalName, item: string): Signal {
  const nothing = (...warnings: ArtifactFault[]): Signal => ({ kind: 'nothing', warnings });
  if (source === null) return nothing();
  const row = artifactRow(name)!;
  const size = Buffer.byteLength(source);
  if (size > row.maxBytes)
    return nothing(fault('art.too_large', `${name}: ${size} bytes, at most ${row.maxBytes} are allowed`));
  const decoded = decodeText(source);
  if (!decoded.ok) return nothing(fault(decoded.code, `${name}: ${decoded.text}`, decoded.line));
  const parsed = parseFrontmatter(decoded.text);
  if (parsed.ok) {
    const identity = identityFault(parsed.data, { item, type: row.type });
    if (identity !== null) return nothing(identity);
  }
  const body = parsed.ok ? parsed.body : decoded.text.replaceAll('\r\n', '\n');
  const substance = substanceFault(body, { name, item });
  if (substance !== null) return nothing(substance);
  const broken = !parsed.ok && parsed.code !== 'fm.absent';
  return { kind: 'text', text: body.trim(), warnings: broken ? [fault(parsed.code, parsed.message, parsed.line)] : [] };
}
