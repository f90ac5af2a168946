import { createHash } from 'node:crypto';
import type { Config } from '../../lib/pipeline/config.ts';
import { type Decision, decide } from '../../lib/pipeline/decide.ts';
import type {
  DeliveryRecorded,
  Gesture,
  GestureAction,
  PipelineEvent,
  StageLanded,
} from '../../lib/pipeline/events.ts';
import { type GateName, type Stage, stageRow } from '../../lib/pipeline/stages.ts';
import type { Delivery, ItemState, Snapshot } from '../../lib/pipeline/state.ts';
import { type Verdict, error, fail, hold, pass } from '../../lib/pipeline/verdict.ts';
import { startGesture, testConfig } from '../support/ledger.ts';

export const sha = (name: string) => createHash('sha1').update(name).digest('hex');
export const digest = (name: string) => `sha256:${createHash('sha256').update(name).digest('hex')}`;
export const RUN = '4711';

export const passOf = (gate: GateName): Verdict =>
  pass({ gate, code: `${gate.toUpperCase().replaceAll('-', '_')}_OK`, text: 'ok' });
export const fails = (gate: GateName, code: string, text = 'red', action: 'dev' | 'dev!' = 'dev'): Verdict =>
  fail({ gate, code, text, action });
export const errs = (gate: GateName, code: string, action: 'infra' | 'rerun' = 'infra'): Verdict =>
  error({ gate, code, text: `${code} happened`, action });
export const holds = (gate: GateName, code: string): Verdict => hold({ gate, code, text: `${code} happened` });

const OK: StageLanded['outcome'] = { class: 'ok', cause: null, text: '', seconds: 1, usage: null, costUsd: null };

/** The gates that the landing job of a stage answers when all is well. */
export const landingGates = (stage: Stage): GateName[] =>
  stageRow(stage).gates.filter((gate) => gate !== 'analysis-approved' && gate !== 'ci');

type RecordChange = Partial<Omit<DeliveryRecorded, 'delivery'>> & { readonly delivery?: Partial<Delivery> };

/** A ledger in memory: feeds events to `decide`, cuts branches like the writer, keeps every journal line. */
export function createWorld(overrides = 'intake: {serial: false}\nlimits: {runs: 10}') {
  const config: Config = testConfig(overrides);
  let now = Date.parse('2026-01-20T10:00:00.000Z');
  let snapshot: Snapshot = {
    repo: { schema: 1, epoch: 7, order: 0, slot: null, trackerMark: null, reconcile: null, lastLanding: null },
    items: new Map(),
  };
  let serial = 0;
  const journal: Decision['lines'][number][] = [];
  const tokens: string[] = [];

  const world = {
    config,
    journal,
    /** Every token that was ever given out, in order. */
    tokens,
    get snapshot() {
      return snapshot;
    },
    get now() {
      return new Date(now);
    },
    set snapshot(next: Snapshot) {
      snapshot = next;
    },
    tick(seconds: number): void {
      now += seconds * 1000;
    },
    item(id = 'ET-1'): ItemState {
      const found = snapshot.items.get(id);
      if (found === undefined) throw new Error(`no item ${id}`);
      return found;
    },
    /** `stage/activity` with what it waits for or is held by. */
    at(id = 'ET-1'): string {
      const item = world.item(id);
      const why = item.waitingFor ?? item.hold?.code ?? null;
      return `${item.stage}/${item.activity}${why === null ? '' : `(${why})`}`;
    },
    /** Decides without keeping the result. */
    ask(...events: readonly PipelineEvent[]): Decision {
      return decide(snapshot, events, config, { now: new Date(now), run: RUN });
    },
    feed(...events: readonly PipelineEvent[]): Decision {
      const before = snapshot;
      const decision = world.ask(...events);
      for (const { item: id } of decision.cuts) {
        const item = decision.next.items.get(id);
        if (item !== undefined)
          Object.assign(item, { branch: `feature/${id}-x`, head: sha(`init ${id} ${item.gen}`), base: sha('main') });
      }
      journal.push(...decision.lines);
      snapshot = decision.next;
      for (const item of snapshot.items.values())
        if (item.token !== null && item.token !== before.items.get(item.id)?.token) tokens.push(item.token);
      return decision;
    },
    row(): { id: string; at: string } {
      serial += 1;
      return { id: `row-${serial}`, at: new Date((now += 1)).toISOString() };
    },
    /** A move on the board by a person, about issue `number`. */
    board(action: GestureAction, number = 1, over: Partial<Gesture> = {}): Decision {
      return world.feed(
        startGesture(number, { action, row: world.row(), ...(action === 'start' ? {} : { entry: null }), ...over }),
      );
    },
    /** A command through the forge. */
    command(action: GestureAction, id = 'ET-1', over: Partial<Gesture> = {}): Decision {
      return world.feed(
        startGesture(1, { action, item: id, issue: null, row: null, entry: null, via: 'dispatch', by: 'ops', ...over }),
      );
    },
    landed(id = 'ET-1', over: Partial<StageLanded> = {}): StageLanded {
      const item = world.item(id);
      const moved = sha(`${id} ${(serial += 1)}`);
      return {
        type: 'stage.landed',
        item: id,
        token: item.token ?? 'none',
        run: RUN,
        outcome: OK,
        verdicts: landingGates(item.stage).map(passOf),
        head: item.stage === 'deploy' ? null : moved,
        reports: {},
        package: item.stage === 'analysis' ? sha(`package ${serial}`) : null,
        message: null,
        validated:
          item.stage === 'deploy-staging'
            ? { sha: moved, tree: sha('t'), code_tree: sha('c'), base: sha('main') }
            : null,
        mergeCommit: item.stage === 'deploy' ? sha(`merge ${id}`) : null,
        ...over,
      };
    },
    land(id = 'ET-1', over: Partial<StageLanded> = {}): Decision {
      return world.feed(world.landed(id, over));
    },
    /** The worker ends with an outcome class other than ok. */
    end(outcome: Partial<StageLanded['outcome']>, id = 'ET-1'): Decision {
      return world.land(id, {
        outcome: { ...OK, text: `${outcome.class} happened`, ...outcome },
        verdicts: [],
        head: null,
      });
    },
    /** The landing job ends at this verdict. */
    verdict(verdict: Verdict, id = 'ET-1'): Decision {
      return world.land(id, { verdicts: [verdict] });
    },
    ci(verdict: Verdict, id = 'ET-1', commit: string = world.item(id).head ?? sha('none')): Decision {
      return world.feed({ type: 'ci.judged', item: id, sha: commit, verdict });
    },
    recorded(id: string, phase: Delivery['phase'], over: RecordChange = {}): DeliveryRecorded {
      const item = world.item(id);
      const delivery = item.delivery;
      if (delivery === null) throw new Error(`${id} has no delivery`);
      return {
        type: 'delivery.recorded',
        item: id,
        token: item.token ?? 'none',
        run: RUN,
        from: delivery.phase,
        head: null,
        reports: {},
        verdicts: [],
        handOver: phase === 'deployed',
        ...over,
        delivery: { ...delivery, phase, ...over.delivery },
      };
    },
    attempt: (state: string, log = `hook ${state}`): Delivery['attempts'][number] => ({
      id: 'ET-1.1.1.production',
      run: RUN,
      state,
      exit: null,
      previous: null,
      log,
      started_at: new Date(now).toISOString(),
      finished_at: null,
    }),
    record(phase: Delivery['phase'], id = 'ET-1', over: RecordChange = {}): Decision {
      return world.feed(world.recorded(id, phase, over));
    },
    lose(id = 'ET-1'): Decision {
      return world.feed({
        type: 'run.lost',
        item: id,
        token: world.item(id).token ?? 'none',
        text: 'run 1 ended and nothing landed',
      });
    },
    /** Lets back-offs pass and the queue run. */
    later(seconds = 3600): Decision {
      world.tick(seconds);
      return world.feed({ type: 'clock' });
    },
    /** Sends item `number` along the happy path until it stands there. */
    drive(place: Place, number = 1): ItemState {
      const id = `ET-${number}`;
      if (!snapshot.items.has(id)) world.board('start', number);
      const goal = place === 'W(slot)' ? 'R(deploy-staging)' : place;
      for (let step = 0; placeOf(world.item(id)) !== goal; step += 1) {
        const here = placeOf(world.item(id));
        if (here === null || step > PATH.length * 2)
          throw new Error(`${id} is in ${world.at(id)}: nothing leads to ${place} from here`);
        ADVANCE[here](world, number, id);
      }
      return world.item(id);
    },
  };
  return world;
}
export type World = ReturnType<typeof createWorld>;

/** Places of the happy path, in order. R = dispatched, W = waiting. */
export const PATH = [
  'R(analysis)',
  'W(approval)',
  'R(architecture)',
  'R(development)',
  'W(ci)',
  'R(review)',
  'R(testing)',
  'R(deploy-staging)',
  'W(confirm)',
  'R(approved)',
  'R(initiated)',
  'R(deployed)',
  'R(landing)',
  'done',
] as const;
export type Place = (typeof PATH)[number] | 'W(slot)';

const isPlace = (name: string): name is (typeof PATH)[number] => (PATH as readonly string[]).includes(name);

/** Where on the happy path an item stands; null = beside it. */
function placeOf(item: ItemState): (typeof PATH)[number] | null {
  const where = item.stage === 'deploy' ? (item.delivery?.phase ?? '') : item.stage;
  const names = {
    dispatched: `R(${where})`,
    waiting: `W(${item.waitingFor === 'confirm-deploy' ? 'confirm' : item.waitingFor})`,
    settled: item.stage,
    queued: '',
    held: '',
  };
  const name = names[item.activity];
  return isPlace(name) ? name : null;
}

/** What leads from a place to the next one. */
const ADVANCE: Readonly<Record<(typeof PATH)[number], (world: World, number: number, id: string) => unknown>> = {
  'R(analysis)': (world, _number, id) => world.land(id),
  'W(approval)': (world, number) => world.board('approve', number),
  'R(architecture)': (world, _number, id) => world.land(id),
  'R(development)': (world, _number, id) => world.land(id),
  'W(ci)': (world, _number, id) => world.ci(passOf('ci'), id),
  'R(review)': (world, _number, id) => world.land(id),
  'R(testing)': (world, _number, id) => world.land(id),
  'R(deploy-staging)': (world, _number, id) => {
    world.record('building', id, {
      delivery: {
        artifact: {
          digest: digest(id),
          commit: sha('a'),
          tree: sha('t'),
          code_tree: sha('c'),
          build_key: 'k',
          size: 1,
        },
      },
    });
    world.land(id);
  },
  'W(confirm)': (world, number) => world.board('confirm', number),
  'R(approved)': (world, _number, id) =>
    world.record('initiated', id, { delivery: { attempts: [world.attempt('running')] } }),
  'R(initiated)': (world, _number, id) =>
    world.record('deployed', id, { delivery: { attempts: [world.attempt('ok')] } }),
  'R(deployed)': (world, _number, id) =>
    world.record('landing', id, {
      delivery: { land: { pr: 1, head: sha('m'), expected_tree: sha('t'), base: sha('main'), merge_commit: null } },
    }),
  'R(landing)': (world, _number, id) => world.land(id),
  done: () => undefined,
};

/** The effects that an item still owes: kind and, for comments, which. */
export const owed = (item: ItemState) =>
  item.outbox.map(({ effect }) =>
    effect.kind === 'tracker-comment'
      ? `comment:${effect.comment}`
      : effect.kind === 'commit-status'
        ? `${effect.context}=${effect.verdict}`
        : effect.kind,
  );

/** Forgets what is owed, so that a test sees only what comes next. */
export function settleEffects(world: World, id = 'ET-1'): void {
  const items = new Map(world.snapshot.items);
  items.set(id, { ...world.item(id), outbox: [] });
  world.snapshot = { repo: world.snapshot.repo, items };
}
