import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTail } from './tail.ts';

describe('createTail', () => {
  it('G-GEN-12: keeps exactly the last bytes, however they were cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{0,40}$/)), fc.integer({ min: 1, max: 50 }), (parts, limit) => {
        const tail = createTail(limit);
        for (const part of parts) tail.push(Buffer.from(part));
        expect(tail.text()).toBe(parts.join('').slice(-limit));
        expect(tail.text()).toBe(parts.join('').slice(-limit));
      }),
    );
  });

  it('never begins with half a character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
        fc.integer({ min: 4, max: 40 }),
        (text, limit) => {
          const tail = createTail(limit);
          tail.push(Buffer.from(text));
          expect(text.endsWith(tail.text())).toBe(true);
        },
      ),
    );
  });
});
