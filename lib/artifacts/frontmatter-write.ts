import { Document, isMap, isScalar, isSeq, Pair, parseDocument, Scalar, YAMLMap, YAMLSeq, type Node } from 'yaml';
import { UTC_PATTERN } from '../base/time.ts';
import { openFrontmatter, type FrontmatterFault } from './frontmatter.ts';

/** A value to write: strings are quoted where another YAML reader would see something else. spec: AR-FM-11 */
export type FieldValue = string | number | boolean | readonly FieldValue[] | { readonly [key: string]: FieldValue };
export type Fields = { readonly [key: string]: FieldValue };

const LAYOUT = { lineWidth: 0, flowCollectionPadding: false, minContentWidth: 0 } as const;

/**
 * The text with the given keys set in its frontmatter: unknown keys, their order and comments stay, the body stays byte
 * for byte, writing twice equals writing once. Refuses (as data) what the reader refuses. spec: AR-FM-10, AR-FM-11
 */
export function renderFrontmatter(
  source: Buffer | string,
  edit: { readonly set: Fields },
): { readonly ok: true; readonly text: string } | FrontmatterFault {
  const parsed = openFrontmatter(source);
  if (!parsed.ok) return parsed;
  for (const [key, value] of Object.entries(edit.set)) setKey(parsed.document, key, value);
  const text = assemble(parsed.document, parsed.rawBody);
  const back = openFrontmatter(text);
  return back.ok ? { ok: true, text } : back;
}

/** A new file: frontmatter with the fields in their order, then the body. Undefined fields are left out. */
export function composeFrontmatter(fields: { readonly [key: string]: FieldValue | undefined }, body: string): string {
  const document = new Document<Node>(new YAMLMap(), { schema: 'failsafe', version: '1.2' });
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) setKey(document, key, value);
  return assemble(document, body);
}

function assemble(document: Document, body: string): string {
  return `---\n${document.toString(LAYOUT)}---\n${body}`;
}

function setKey(document: Document, key: string, value: FieldValue): void {
  const map = document.contents as YAMLMap;
  const node = toNode(value, false);
  const pair = map.items.find((candidate) => isScalar(candidate.key) && String(candidate.key.value) === key);
  if (pair === undefined) {
    map.items.push(new Pair(toNode(key, false), node));
    return;
  }
  const before = pair.value as Node | null;
  if (before !== null && isScalar(before) && isScalar(node)) {
    // Same node, so that a comment behind the old value stays where it was.
    before.value = node.value;
    before.type = node.type!;
    delete before.source;
  } else pair.value = node;
}

function toNode(value: FieldValue, inFlow: boolean): Node {
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    list.flow = true;
    list.items = value.map((item) => toNode(item as FieldValue, true));
    return list;
  }
  if (typeof value === 'object') {
    const map = new YAMLMap();
    map.flow = true;
    map.items = Object.entries(value).map(
      ([key, item]) => new Pair(toNode(key, true), toNode(item as FieldValue, true)),
    );
    return map;
  }
  const scalar = new Scalar(String(value));
  const plain = typeof value !== 'string' || UTC_PATTERN.test(value) || readsAsItself(value, inFlow);
  scalar.type = plain ? 'PLAIN' : 'QUOTE_DOUBLE';
  return scalar;
}

/** Whether YAML 1.1 and 1.2 readers alike take the bare word for exactly this string. */
function readsAsItself(text: string, inFlow: boolean): boolean {
  if (text.includes('\n') || text.length > 200) return false;
  const sample = inFlow ? `k: [${text}]` : `k: ${text}`;
  return (['1.1', '1.2'] as const).every((version) => {
    const document = parseDocument(sample, { version, prettyErrors: false, logLevel: 'silent' });
    if (document.errors.length > 0 || document.warnings.length > 0) return false;
    if (!isMap(document.contents) || document.contents.items.length !== 1) return false;
    const value = document.get('k');
    const found = inFlow ? isSeq(value) && value.items.length === 1 && value.get(0) : value;
    return found === text;
  });
}
