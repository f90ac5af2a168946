import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STAGES } from '../pipeline/stages.ts';
import { VerdictClass } from '../pipeline/verdict.ts';
import { message } from './message.ts';
import { EN } from './messages/en.ts';

const source = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  .join('\n');

/** `who.${who}` in the code stands for the keys of that family whose last part the code names. */
const words = [
  ...VerdictClass.options,
  ...STAGES,
  ...[...source.matchAll(/'([a-z-]+)'/g)].map(([, word]) => word ?? ''),
];
const families = [...source.matchAll(/`([a-z]+\.)\$\{/g)].map(([, family]) => family ?? '');

describe('H-CAT-1: catalogue', () => {
  it.each(Object.keys(EN))('%s is used', (key) => {
    expect(
      source.includes(`'${key}'`) ||
        families.some((family) => key.startsWith(family) && words.includes(key.slice(family.length))),
    ).toBe(true);
  });

  it.each(Object.entries(EN))('%s triggers nothing', (_, text) => {
    expect(text).not.toMatch(/@|:approved:|:rejected:|^\/|\[skip ci\]|::/);
  });

  it('fills slots once: a slot inside the data stays as it is', () => {
    expect(message('cmt.summary_role', { role: '{usage}', usage: '$1' })).toBe('{usage}: $1');
  });

  it('neutralises data and leaves its own text alone', () => {
    expect(message('cmt.rejected', { from: 'review', to: '@bob', reason: 'closes #3' })).toBe(
      '🔄 Returned: review → @\u2060bob. Reason: c\u2060loses #\u20603',
    );
  });
});
