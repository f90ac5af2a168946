import { describe, expect, it } from 'vitest';
import { createWorld } from '../../tests/property/kernel-world.ts';
import { createRepositoryFixture } from '../../tests/support/session.ts';
import { writeLedger } from '../ledger/store.ts';
import { parseConfig } from '../pipeline/config.ts';

/** Plan of a reconcile pass over a ledger with one item that was done `agoS` seconds ago, and the items left live. */
async function reconcileDone(agoS: number, config = '') {
  await using fixture = await createRepositoryFixture({ config });
  const session = await fixture.session();
  const world = createWorld();
  const since = new Date(Date.now() - agoS * 1000).toISOString();
  const item = { ...world.drive('done'), outbox: [], since };
  await writeLedger(
    session.ledger,
    async (view) => ({
      next: { repo: view.snapshot.repo, items: new Map([[item.id, item]]) },
      lines: [],
      refs: [],
      run: 'w',
      message: 'test',
      config: null,
    }),
    { attempts: 3 },
  );
  const plan = await fixture.local.reconcile();
  return { plan, live: [...(await fixture.session()).view.snapshot.items.keys()], said: fixture.said };
}

describe('retention.live_after_done_s', () => {
  it('PL-D-9: a finished item stays a day in the live ledger, then it leaves', async () => {
    expect(await reconcileDone(86_000)).toMatchObject({ live: ['ET-1'], said: [] });
    expect(await reconcileDone(86_500)).toMatchObject({ plan: ['ET-1: archived (done)'], live: [], said: [] });
  });

  it('is what the configuration says', async () => {
    expect(await reconcileDone(86_500, 'retention: {live_after_done_s: 90000}\n')).toMatchObject({ live: ['ET-1'] });
    expect(await reconcileDone(60, 'retention: {live_after_done_s: 0}\n')).toMatchObject({ live: [] });
  });

  it.each(['-1', '1.5', '"86400"', '31536001'])('O-C-2: %s is refused', (value) => {
    const parsed = parseConfig(
      `version: 1\nproject: {prefix: ET}\ntracker: {kind: file}\nagents: {adapter: scripted}\nretention: {live_after_done_s: ${value}}\n`,
    );
    expect(parsed).toMatchObject({ ok: false, errors: [expect.stringContaining('retention.live_after_done_s')] });
  });
});
