import { z } from 'zod';
import { STATUS_KEYS } from './stages.ts';

const Key = z.enum(STATUS_KEYS).nullable();

/** What one delivery becomes: the unit of a dispatch. No description, no e-mail; the run reads the tracker itself. spec: RL-RLY-19 */
export const Envelope = z.strictObject({
  v: z.literal(1),
  correlation: z.string().regex(/^cv-[a-z2-7]{10}$/),
  kind: z.enum(['tracker.state', 'tracker.labels']),
  source: z.literal('plane'),
  via: z.enum(['webhook']),
  repo: z.string(),
  project: z.string(),
  item: z.strictObject({
    id: z.string().nullable(),
    tracker_id: z.string(),
    seq: z.int().nullable(),
    title: z.string(),
  }),
  field: z.enum(['state', 'labels']),
  old_key: Key,
  new_key: Key,
  current_key: Key,
  updated_at: z.string(),
  /** `role` is judged by the control run on the rows it reads (RL-RLY-14); the relay does not ask for it. */
  actor: z.strictObject({ id: z.string().nullable(), role: z.int().nullable() }),
  delivery: z.string(),
  received_at: z.string(),
  enriched: z.boolean(),
});
export type Envelope = z.infer<typeof Envelope>;

/** spec: RL-RLY-19, RL-RLY-20 */
export const LIMITS = { envelopeBytes: 16 * 1024, envelopes: 20, eventsBytes: 48 * 1024 } as const;

const TITLE_CHARACTERS = 500;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** `cv-` + the first 10 base32 characters of a sha256 in hex: the same for every attempt. spec: RL-RLY-22 */
export function correlationOf(key: string): string {
  const bits = BigInt(`0x${key.slice(0, 16)}`);
  let text = '';
  for (let index = 0; index < 10; index += 1) text += BASE32[Number((bits >> BigInt(59 - 5 * index)) & 31n)];
  return `cv-${text}`;
}

/** A title that keeps every envelope far below 16 KiB: at most 500 characters, never half a surrogate pair. */
export function shortTitle(title: string): string {
  const characters = [...title];
  return characters.length <= TITLE_CHARACTERS ? title : `${characters.slice(0, TITLE_CHARACTERS - 1).join('')}…`;
}

/** The text of the one input `events`: a JSON array. */
export function renderEvents(envelopes: readonly Envelope[]): string {
  return JSON.stringify(envelopes);
}

/** The longest head of the list that fits one dispatch: 1-20 envelopes, at most 48 KiB as UTF-8; never empty. spec: RL-RLY-20 */
export function fitDispatch<Item>(items: readonly Item[], envelopeOf: (item: Item) => Envelope): readonly Item[] {
  let bytes = 2;
  let count = 0;
  for (const item of items.slice(0, LIMITS.envelopes)) {
    bytes += Buffer.byteLength(JSON.stringify(envelopeOf(item))) + 1;
    if (bytes > LIMITS.eventsBytes && count > 0) break;
    count += 1;
  }
  return items.slice(0, count);
}

/** Parses the `events` input of a run. Never throws; the error names the place. */
export function parseEvents(text: string): { ok: true; envelopes: readonly Envelope[] } | { ok: false; error: string } {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { ok: false, error: 'events is not valid JSON' };
  }
  const parsed = z.array(Envelope).min(1).max(LIMITS.envelopes).safeParse(data);
  if (parsed.success) return { ok: true, envelopes: parsed.data };
  const issue = parsed.error.issues[0];
  return {
    ok: false,
    error: `events${issue === undefined ? '' : ` at ${issue.path.join('.') || 'top'}: ${issue.message}`}`,
  };
}
