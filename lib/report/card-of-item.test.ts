import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ItemState } from '../pipeline/state.ts';
import { cardOfItem } from './card-of-item.ts';
import { renderCard } from './card.ts';

const NOW = new Date('2026-05-04T14:00:00Z');
const at = (minutesAgo: number): string => new Date(NOW.getTime() - minutesAgo * 60_000).toISOString();
const used = (seconds: number, input: number, output: number, costUsd: number) => ({
  seconds,
  input,
  cached: 0,
  output,
  costUsd,
});
const ANALYSIS = used(480, 1_200_000, 45_800, 2.1);
const ARCHITECTURE = used(360, 900_000, 20_000, 1.4);
const NOTHING = used(240, 0, 0, 0);
const BEFORE = { analysis: ANALYSIS, architecture: ARCHITECTURE };
const RUN = { at: at(3), sends: 1, run: '41' };
const APPROVED = { package: 'p', at: at(60), by: 'ada', via: 'tracker' };

/** The parts of a state that the card reads; the rest is not looked at. */
function item(state: Partial<ItemState>): ItemState {
  return {
    id: 'ET-12',
    title: 'GPX upload',
    track: 'full',
    stage: 'development',
    activity: 'dispatched',
    waitingFor: null,
    hold: null,
    since: at(7),
    dispatch: RUN,
    approval: APPROVED,
    delivery: null,
    rounds: {},
    pull: null,
    usage: BEFORE,
    ...state,
  } as ItemState;
}
const view = {
  now: NOW,
  url: 'https://plane.example.org/acme/1/',
  pullUrl: 'https://git.example.org/acme/gpx/pulls/31',
  behind: null,
};
const hold = (code: NonNullable<ItemState['hold']>['code'], text: string) => ({
  activity: 'held' as const,
  hold: { code, cause: 'X', text, at: at(1) },
});
const delivery = (more: Partial<NonNullable<ItemState['delivery']>>): ItemState['delivery'] =>
  ({
    request: { n: 1, at: at(9), expires_at: at(-60), digest: 'd' },
    approved: null,
    ...more,
  }) as ItemState['delivery'];
const ALL = {
  ...BEFORE,
  development: used(1140, 7_900_000, 120_000, 11.02),
  review: used(300, 2_400_000, 24_500, 3.88),
  testing: NOTHING,
  'deploy-staging': used(180, 0, 0, 0),
};

const STATES: readonly (readonly [string, ItemState, Partial<typeof view> | { behind: string }])[] = [
  [
    'waiting for the start',
    item({ stage: 'created', activity: 'queued', usage: {}, approval: null }),
    { behind: 'ET-9' },
  ],
  ['analysis runs', item({ stage: 'analysis', usage: {}, approval: null }), {}],
  [
    'waiting for approval',
    item({
      stage: 'analysis',
      activity: 'waiting',
      waitingFor: 'approval',
      usage: { analysis: ANALYSIS },
      approval: null,
    }),
    {},
  ],
  [
    'needs input',
    item({ stage: 'analysis', ...hold('questions', '2 questions'), usage: { analysis: ANALYSIS }, approval: null }),
    {},
  ],
  [
    'approved by label',
    item({
      stage: 'architecture',
      approval: { ...APPROVED, by: 'autoApprove', via: 'label' },
      usage: { analysis: ANALYSIS },
    }),
    {},
  ],
  ['running', item({}), {}],
  ['dispatched but not started', item({ dispatch: { ...RUN, run: null } }), {}],
  [
    'retry attempt 2',
    item({ rounds: { development: 2 }, usage: { ...BEFORE, development: used(60, 10, 5, 0.1) } }),
    {},
  ],
  ['rolled back from review', item({ rounds: { development: 3 }, usage: ALL }), {}],
  [
    'waits for CI',
    item({ activity: 'waiting', waitingFor: 'ci', usage: { ...BEFORE, development: ALL.development } }),
    {},
  ],
  ['held', item({ stage: 'deploy-staging', ...hold('infra', 'staging host unreachable'), usage: ALL }), {}],
  ['blocked', item({ rounds: { development: 3 }, ...hold('retries-exhausted', '2 tests fail') }), {}],
  ['staging', item({ stage: 'deploy-staging', usage: { ...ALL, 'deploy-staging': used(0, 0, 0, 0) } }), {}],
  [
    'awaiting deploy',
    item({ stage: 'deploy', activity: 'waiting', waitingFor: 'confirm-deploy', usage: ALL, delivery: delivery({}) }),
    {},
  ],
  [
    'deploying',
    item({ stage: 'deploy', usage: ALL, delivery: delivery({ approved: { by: 'ada', via: 'tracker', at: at(7) } }) }),
    {},
  ],
  ['cancelled', item({ stage: 'cancelled', activity: 'settled', usage: ALL }), {}],
  [
    'done',
    item({
      stage: 'done',
      activity: 'settled',
      usage: { ...ALL, deploy: used(30, 0, 0, 0) },
      pull: 31,
      delivery: delivery({ approved: { by: 'ada', via: 'tracker', at: at(7) } }),
    }),
    {},
  ],
];

describe('people §2.1: the card of an item', () => {
  it('regression 56: is the golden one in every state', async () => {
    const text = STATES.map(
      ([name, state, more]) => `## ${name}\n${renderCard(cardOfItem(state, { ...view, ...more }))}`,
    );
    await expect(`${text.join('\n\n')}\n`).toMatchFileSnapshot(
      join(import.meta.dirname, '../../tests/golden/report/card.txt'),
    );
  });

  it('regression 46: after a rollback there is no tick behind the stage the item is in', () => {
    const text = renderCard(cardOfItem(item({ rounds: { development: 3 }, usage: ALL }), view));
    expect(text).toContain('🔄 Development · attempt 3 … running');
    expect(text).not.toMatch(/✅ (Development|Review|Testing|Staging)/);
    expect(text).toContain('$18.40');
  });

  it('regression 43: a raw < is never sent', () => {
    const text = renderCard(cardOfItem(item({ stage: 'architecture', usage: { analysis: used(30, 1, 1, 0) } }), view));
    expect(text).toContain('&lt;1m');
  });

  it('without an address there is no link, and the text stays', () => {
    const text = renderCard(
      cardOfItem(item({ stage: 'done', activity: 'settled', pull: 31 }), { ...view, url: null, pullUrl: null }),
    );
    expect(text).not.toContain('href');
    expect(text).toContain('🎉 ET-12 · GPX upload — DONE');
    expect(text).toContain('🔗 PR #31 · 📦 Deployed');
  });
});
