import { createHmac, timingSafeEqual } from 'node:crypto';

/** A live secret of a tracker's webhook; `previous` is accepted during a change of secrets. spec: RL-RLY-4 */
export interface LiveSecret {
  readonly tracker: string;
  readonly age: 'current' | 'previous';
  readonly value: string;
}

const HEX = /^[0-9a-f]{64}$/;

/**
 * The secret under which the raw bytes are signed, or null. Lower-case hex HMAC-SHA256 keyed with the whole secret text;
 * each comparison takes the same time whatever the bytes, after the length. spec: RL-RLY-3, RL-RLY-4
 */
export function verifySignature(
  signature: string | null,
  body: Uint8Array,
  secrets: readonly LiveSecret[],
): LiveSecret | null {
  if (signature === null || !HEX.test(signature)) return null;
  const given = Buffer.from(signature, 'latin1');
  for (const secret of secrets) {
    const expected = Buffer.from(createHmac('sha256', secret.value).update(body).digest('hex'), 'latin1');
    if (given.length === expected.length && timingSafeEqual(given, expected)) return secret;
  }
  return null;
}
