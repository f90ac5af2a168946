import { describe, expect, it } from 'vitest';
import { type World, createWorld, errs, fails, holds, passOf } from '../../property/kernel-world.ts';

/** The journal as people read it: one line per decision, with what it made due. */
const trace = (world: World) =>
  world.journal
    .map(({ item, seq, event, rule, before, after, effects }) =>
      [`${item} #${seq}`, `${event} (${rule})`, `${before} → ${after}`, effects.map((key) => key.replace(/[0-9a-f]{40}/g, '<sha>').replace(/^dispatch:.*/, 'dispatch')).join(' ')].join(' | '),
    )
    .map((line) => `${line}\n`)
    .join('');

const STORIES: Readonly<Record<string, (world: World) => void>> = {
  'happy.txt': (world) => world.drive('done'),
  'bounced.txt': (world) => {
    world.drive('R(review)');
    world.verdict(fails('review', 'REVIEW_CHANGES', 'names'));
    world.land();
    world.ci(fails('ci', 'CI_RED', 'broken'));
    world.land();
    world.ci(holds('ci', 'CI_SILENT'));
    world.ci(passOf('ci'));
    world.lose();
    world.land();
    world.verdict(errs('tests', 'TESTS_TOOL_ERROR'));
    world.later(60);
    world.land();
    world.land();
    world.board('reject', 1, { reason: 'not like this' });
    world.board('cancel');
  },
  'two-at-the-edge.txt': (world) => {
    world.drive('W(confirm)');
    world.drive('W(slot)', 2);
    world.land('ET-2');
    world.board('confirm');
    world.record('initiated', 'ET-1', { delivery: { attempts: [world.attempt('running')] } });
    world.board('cancel');
    world.record('deployed', 'ET-1', { delivery: { attempts: [world.attempt('rolled-back')] } });
    world.verdict(fails('deploy', 'DEPLOY_FAILED', 'not healthy', 'dev!'));
    world.drive('done', 2);
  },
};

describe('journals of whole lives', () => {
  it.each(Object.entries(STORIES))('design §3: %s', async (name, tell) => {
    const world = createWorld();
    tell(world);
    await expect(trace(world)).toMatchFileSnapshot(`expected/${name}`);
  });
});
