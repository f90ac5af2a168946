import { describe, expect, it } from 'vitest';
import {
  PATH,
  type World,
  createWorld,
  errs,
  fails,
  holds,
  owed,
  passOf,
  settleEffects,
  sha,
} from '../../tests/property/kernel-world.ts';

const stop = (world: World) => world.board('cancel', 1, { reason: 'not wanted' });

describe('STOP', () => {
  it.each(PATH.filter((place) => !/initiated|deployed|landing|done/.test(place)))(
    'PL-H-6: at %s it is applied at once',
    (place) => {
      const world = createWorld();
      world.drive(place);
      settleEffects(world);
      const before = world.item();
      world.snapshot = { repo: world.snapshot.repo, items: new Map([['ET-1', { ...before, pull: 31 }]]) };
      expect(stop(world).answers).toMatchObject([{ applied: true, rule: 'PL-H-6' }]);
      const item = world.item();
      expect(item).toMatchObject({
        stage: 'cancelled',
        activity: 'settled',
        token: null,
        dispatch: null,
        notBefore: null,
        cancel: { reason: 'not wanted' },
      });
      expect(world.snapshot.repo.slot).toBeNull();
      // Documents are kept before the branch goes; never main, only at the recorded commit.
      expect(item.outbox.map(({ effect }) => effect.kind)).toEqual([
        'tracker-status',
        'close-pull-request',
        'archive-artifacts',
        'delete-branch',
        'tracker-comment',
      ]);
      expect(item.outbox.map(({ effect }) => effect)).toContainEqual({
        kind: 'delete-branch',
        branch: 'feature/ET-1-x',
        expect: before.head,
      });
    },
  );

  it('PL-H-6: an item without a branch leaves nothing to delete', () => {
    const world = createWorld('limits: {runs: 1}');
    world.board('start', 2);
    world.board('start', 1);
    settleEffects(world);
    stop(world);
    expect(owed(world.item())).toEqual(['tracker-status', 'comment:cancelled']);
  });

  it('PL-H-6: a repeated STOP notifies nobody', () => {
    const world = createWorld();
    world.drive('R(review)');
    stop(world);
    settleEffects(world);
    expect(stop(world).answers).toMatchObject([{ rule: 'I-DUP' }]);
    expect(owed(world.item())).toEqual(['tracker-status']);
    const late = createWorld();
    late.drive('R(initiated)');
    stop(late);
    expect(owed(late.item()).filter((name) => name === 'comment:cancel_deferred')).toHaveLength(1);
    settleEffects(late);
    expect(stop(late).answers).toMatchObject([{ rule: 'I-DUP' }]);
    expect(owed(late.item())).toEqual(['tracker-status']);
  });

  it.each(['R(initiated)', 'R(deployed)', 'R(landing)'] as const)(
    'PL-S-6: at %s it waits, the run goes on, the board shows the deployment again',
    (place) => {
      const world = createWorld();
      world.drive(place);
      settleEffects(world);
      const { token, stage } = world.item();
      stop(world);
      expect(world.item()).toMatchObject({
        stage,
        token,
        activity: 'dispatched',
        cancel: { reason: 'not wanted', by: 'ada' },
      });
      expect(owed(world.item())).toEqual(['comment:cancel_deferred', 'tracker-status']);
      world.drive('done');
      // Landed → done with a notice: nothing that landed is reverted.
      expect(owed(world.item())).toContain('comment:cancel_late');
      expect(world.item().stage).toBe('done');
    },
  );

  it('delivery §9: the deployment failed → cancelled', () => {
    for (const code of ['DEPLOY_FAILED', 'DEPLOY_ROLLBACK_FAILED']) {
      const world = createWorld();
      world.drive('R(deployed)');
      stop(world);
      world.verdict(fails('deploy', code, 'x', 'dev!'));
      expect(world.at()).toBe('cancelled/settled');
      expect(world.snapshot.repo.slot).toBeNull();
      expect(owed(world.item())).toEqual(expect.arrayContaining(['comment:cancelled', 'delete-branch']));
    }
  });

  it('delivery §9: the hook changed nothing → cancelled', () => {
    const world = createWorld();
    world.drive('R(initiated)');
    stop(world);
    world.record('approved', 'ET-1', { delivery: { attempts: [world.attempt('refused')] } });
    expect(world.at()).toBe('cancelled/settled');
    expect(owed(world.item())).not.toContain('comment:held');
  });

  it('delivery §9: the hook changed nothing for the last time → cancelled without a word about a hold', () => {
    const world = createWorld('retry: {infra_max: 0}');
    world.drive('R(initiated)');
    stop(world);
    world.record('approved', 'ET-1', { delivery: { attempts: [world.attempt('refused')] } });
    expect(world.at()).toBe('cancelled/settled');
    expect(owed(world.item())).not.toContain('comment:held');
  });

  it('delivery §9: landing held or outcome unknown → stays held, branch kept; a later landing is done', () => {
    const world = createWorld();
    world.drive('R(landing)');
    stop(world);
    world.land('ET-1', { verdicts: [passOf('deploy'), holds('landed', 'MERGE_REFUSED')] });
    expect(world.at()).toBe('deploy/held(merge-refused)');
    expect(owed(world.item())).not.toContain('delete-branch');
    expect(world.later(86_400 * 3).answers).toHaveLength(1);
    expect(world.at()).toBe('deploy/held(merge-refused)');
    world.command('recheck');
    world.land();
    expect(world.at()).toBe('done/settled');
    const unknown = createWorld();
    unknown.drive('R(initiated)');
    stop(unknown);
    unknown.record('initiated', 'ET-1', { delivery: { attempts: [unknown.attempt('unknown')] } });
    expect(unknown.at()).toBe('deploy/held(deploy-unknown)');
  });

  it('delivery §9: a run lost in the critical window with STOP pending goes on', () => {
    const world = createWorld();
    world.drive('R(initiated)');
    stop(world);
    world.lose();
    expect(world.item()).toMatchObject({ stage: 'deploy', activity: 'dispatched', mode: 'finalize' });
  });

  describe('PL-S-6: deploy-staging with the slot and a run', () => {
    const prepare = () => {
      const world = createWorld();
      world.drive('W(confirm)', 2);
      world.drive('W(slot)');
      world.land();
      world.board('cancel', 2);
      expect(world.at()).toBe('deploy-staging/dispatched');
      expect(world.snapshot.repo.slot).toMatchObject({ item: 'ET-1' });
      stop(world);
      expect(world.at()).toBe('deploy-staging/dispatched');
      expect(world.item().cancel).not.toBeNull();
      return world;
    };
    it.each([
      ['lands', (world: World) => world.land()],
      ['lands red', (world: World) => world.verdict(fails('staging', 'STG_FAILED'))],
      ['cannot be judged', (world: World) => world.verdict(errs('staging', 'STG_TRANSIENT'))],
      ['is lost', (world: World) => world.lose()],
      ['is rejected away', (world: World) => world.board('reject')],
      ['meets a foreign push', (world: World) => world.feed({ type: 'branch.moved', item: 'ET-1', head: sha('f') })],
      [
        'meets a merge by hand',
        (world: World) => world.feed({ type: 'pull.merged', item: 'ET-1', number: 1, mergeCommit: null }),
      ],
      [
        'could not start',
        (world: World) =>
          world.feed({
            type: 'preflight.failed',
            item: 'ET-1',
            token: world.item().token!,
            run: '1',
            cause: 'infra',
            text: 'x',
          }),
      ],
    ])('the run %s → cancelled in the same decision, slot free', (_name, act) => {
      const world = prepare();
      act(world);
      expect(world.at()).toBe('cancelled/settled');
      expect(world.snapshot.repo.slot).toBeNull();
    });

    it('waiting for the confirmation with the slot is not critical', () => {
      const world = createWorld();
      world.drive('W(confirm)');
      stop(world);
      expect(world.at()).toBe('cancelled/settled');
    });
  });

  it('PL-K-7: the stopped run lands nothing, no matter what it brings', () => {
    const world = createWorld();
    world.drive('R(development)');
    const late = world.landed();
    stop(world);
    const before = world.item();
    expect(world.feed(late).changed).toBe(false);
    expect(world.item()).toBe(before);
  });
});
