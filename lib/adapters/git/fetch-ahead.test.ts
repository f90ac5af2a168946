import { describe, expect, it } from 'vitest';
import type { GitPort } from '../../ports/git.ts';
import { fetchAhead } from './fetch-ahead.ts';

/** A port that counts: each fetch answers its number. */
function counting(fail = false) {
  const asked: unknown[] = [];
  const port = {
    async fetch(...args: Parameters<GitPort['fetch']>) {
      asked.push(args);
      if (fail && asked.length === 1) throw new Error('no route');
      return new Map([['refs/heads/main', String(asked.length)]]);
    },
  } as unknown as GitPort;
  return { port, asked };
}
const MAIN = ['refs/heads/main'];

describe('a fetch that starts ahead', () => {
  it('is given once, to whoever asks for exactly that; the next one asks anew', async () => {
    const { port, asked } = counting();
    const git = fetchAhead(port, MAIN, { depth: 0 });
    expect(asked).toHaveLength(1);
    expect([...(await git.fetch(MAIN))]).toEqual([['refs/heads/main', '2']]);
    expect([...(await git.fetch(MAIN, { depth: 0 }))]).toEqual([['refs/heads/main', '1']]);
    expect([...(await git.fetch(MAIN, { depth: 0 }))]).toEqual([['refs/heads/main', '3']]);
    expect(asked).toEqual([[MAIN, { depth: 0 }], [MAIN], [MAIN, { depth: 0 }]]);
  });

  it('that fails is told to whoever takes it, and to nobody when nobody does', async () => {
    fetchAhead(counting(true).port, MAIN);
    const git = fetchAhead(counting(true).port, MAIN);
    await expect(git.fetch(MAIN)).rejects.toThrow('no route');
    expect([...(await git.fetch(MAIN))]).toEqual([['refs/heads/main', '2']]);
  });
});
