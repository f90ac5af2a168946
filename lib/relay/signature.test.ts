import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordings, SECRETS, sign } from '../../tests/support/relay/recordings.ts';
import { type LiveSecret, verifySignature } from './signature.ts';

const live = (...values: string[]): LiveSecret[] =>
  values.map((value, index) => ({ tracker: 'plane', age: index === 0 ? 'current' : 'previous', value }));

describe('signature of a webhook', () => {
  const signed = recordings().filter(({ secret }) => secret !== null);

  it('case 43, RL-RLY-3: all 79 recorded bodies verify over their raw bytes and none with another secret', () => {
    expect(signed).toHaveLength(79);
    for (const { body, headers, secret } of signed) {
      const given = headers['X-Plane-Signature'] ?? null;
      const right = SECRETS[secret ?? 'main'];
      expect(verifySignature(given, Buffer.from(body), live(right))).toMatchObject({ age: 'current' });
      for (const other of Object.values(SECRETS).filter((value) => value !== right))
        expect(verifySignature(given, Buffer.from(body), live(other))).toBeNull();
    }
  });

  it('case 1: a body signed over other white space than sent is refused; an indented body with its own signature is not', () => {
    const [first] = signed;
    const compact = JSON.stringify(JSON.parse(first!.body));
    const indented = JSON.stringify(JSON.parse(first!.body), null, 2);
    expect(verifySignature(sign(compact), Buffer.from(first!.body), live(SECRETS.main))).toBeNull();
    expect(verifySignature(sign(indented), Buffer.from(indented), live(SECRETS.main))).not.toBeNull();
  });

  it('case 2, RL-RLY-4: the previous secret counts and says so, a third does not', () => {
    const body = Buffer.from('{}');
    expect(verifySignature(sign(body, 'new'), body, live('new', 'old'))?.age).toBe('current');
    expect(verifySignature(sign(body, 'old'), body, live('new', 'old'))?.age).toBe('previous');
    expect(verifySignature(sign(body, 'third'), body, live('new', 'old'))).toBeNull();
    expect(verifySignature(sign(body, 'x'), body, [])).toBeNull();
  });

  it.each([
    null,
    '',
    'nonsense',
    `sha256=${sign('{}')}`,
    sign('{}').toUpperCase(),
    `${sign('{}')}0`,
    sign('{}').slice(1),
  ])('RL-RLY-3: only lower-case hex of the right length is a signature, not %s', (given) => {
    expect(verifySignature(given, Buffer.from('{}'), live(SECRETS.main))).toBeNull();
  });

  it('RL-RLY-3: any one altered bit of the body is refused', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        (body, at, bit) => {
          const altered = Uint8Array.from(body);
          const index = at % body.length;
          altered[index] = altered[index]! ^ (1 << bit);
          const given = sign(body);
          expect(verifySignature(given, body, live(SECRETS.main))).not.toBeNull();
          expect(verifySignature(given, altered, live(SECRETS.main))).toBeNull();
        },
      ),
    );
  });
});
