import fc from 'fast-check';
import { GESTURES, type Gesture, type PipelineEvent } from '../../lib/pipeline/events.ts';
import { OUTCOME_CLASSES } from '../../lib/pipeline/outcome.ts';
import { GATES, isTerminal } from '../../lib/pipeline/stages.ts';
import { DELIVERY_PHASES, HOLD_REASONS, type ItemState } from '../../lib/pipeline/state.ts';
import { VerdictAction, VerdictKind, type Verdict, pass } from '../../lib/pipeline/verdict.ts';
import { startGesture } from '../support/ledger.ts';
import { type World, createWorld, digest, errs, fails, holds, passOf, sha } from './kernel-world.ts';

/** One choice of a walk; what its numbers mean depends on the state in which it is made. */
export interface Choice {
  readonly what: (typeof KINDS)[number];
  readonly issue: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Garbage in place of the value that fits: an old token, another phase, an unknown item. */
  readonly odd: number;
}
const KINDS = [
  ...(['go', 'go', 'go', 'go', 'go', 'go', 'go', 'go', 'gesture', 'gesture', 'landed', 'recorded'] as const),
  ...(['lost', 'preflight', 'ci', 'moved', 'merged', 'outside', 'listed', 'time', 'archive'] as const),
] as const;

export const choice: fc.Arbitrary<Choice> = fc.record({
  what: fc.constantFrom(...KINDS),
  issue: fc.integer({ min: 1, max: 4 }),
  a: fc.nat({ max: 999 }),
  b: fc.nat({ max: 999 }),
  c: fc.nat({ max: 999 }),
  odd: fc.nat({ max: 11 }),
});

export const setting = fc
  .record({
    serial: fc.boolean(),
    park: fc.boolean(),
    runs: fc.integer({ min: 1, max: 3 }),
    confirm: fc.boolean(),
    mode: fc.constantFrom('required', 'local', 'none'),
    entries: fc.constantFrom(0, 6, 20),
    same: fc.integer({ min: 0, max: 2 }),
  })
  .map(
    ({ serial, park, runs, confirm, mode, entries, same }) =>
      `intake: {serial: ${serial}, park_held: ${park}}\nlimits: {runs: ${runs}}\ndeploy: {confirm: ${confirm}}\nci: {mode: ${mode}}\nretry: {entries_max: ${entries}, same_fingerprint_max: ${same}}\nchat: {kind: console}`,
  );

const pick = <Value>(values: readonly Value[], index: number): Value => values[index % values.length]!;
const CODES = [
  'CI_RED',
  'REVIEW_CHANGES',
  'ANALYSIS_EMPTY',
  'ANALYSIS_QUESTIONS',
  'APPROVAL_PENDING',
  'CI_PENDING',
  'CI_SILENT',
  'DEPLOY_GUARD',
  'DEPLOY_FAILED',
  'DEPLOY_AWAITING_CONFIRM',
  'DEPLOY_UNKNOWN',
  'NOT_LANDED',
  'LANDED_OUT_OF_BAND',
  'STG_ENV',
  'SOMETHING_NEW',
];

const anyVerdict = (a: number, b: number, c: number, gates: readonly Verdict['gate'][] = GATES): Verdict => ({
  ...pass({ gate: pick(gates, a), code: pick(CODES, b), text: `text ${c % 3}` }),
  verdict: pick(VerdictKind.options, c),
  action: pick(VerdictAction.options, a + b),
});

/** The item that a choice is about: mostly one that is there. */
function target(world: World, { issue, odd }: Choice): ItemState | null {
  if (odd === 0) return null;
  const items = [...world.snapshot.items.values()];
  return items.find((item) => item.issue === `issue-${issue}`) ?? items[issue % Math.max(1, items.length)] ?? null;
}

const token = (world: World, item: ItemState | null, odd: number) =>
  odd === 1 ? 'garbage' : odd === 2 ? (world.tokens.at(-2) ?? 'none') : (item?.token ?? world.tokens[0] ?? 'none');

function gesture(world: World, { issue, a, b, c, odd }: Choice): Gesture {
  const item = target(world, { what: 'gesture', issue, a, b, c, odd: 5 });
  const via = b % 3 === 0 ? 'dispatch' : 'tracker';
  const archived = ARCHIVE.get(world)?.get(`issue-${issue}`) ?? null;
  const request = item?.delivery?.request?.digest ?? digest('none');
  // Rare states get their own gesture more often.
  const natural =
    item?.waitingFor === 'confirm-deploy' ? 'confirm' : item?.stage === 'deploy' && item.hold !== null ? 'retry' : null;
  return startGesture(issue, {
    action: odd > 7 && natural !== null ? natural : pick(GESTURES, a),
    via,
    item: via === 'dispatch' ? (odd === 1 ? 'ET-999' : odd === 2 ? 'no id' : (item?.id ?? 'ET-1')) : null,
    row:
      via === 'dispatch'
        ? null
        : odd === 3
          ? { id: 'old', at: '2026-01-01T00:00:00.000Z' }
          : odd === 4 && item?.seen
            ? { id: item.seen.row, at: item.seen.at }
            : world.row(),
    reason: c % 2 === 0 ? null : 'because',
    digest: pick([null, request, request.slice(7, 19), request.slice(7, 17), digest('x'), ''], c),
    entry: odd === 5 ? null : odd === 6 ? fails('entry', 'ENTRY_TITLE_SHORT') : passOf('entry'),
    archived,
    known: [...(ARCHIVE.get(world)?.values() ?? [])].filter((life) => life !== archived).map((life) => life.id),
  });
}

const ARCHIVE = new WeakMap<World, Map<string, NonNullable<Gesture['archived']>>>();

/** Finished lives leave, as the archive takes them. Answers their ids. */
function archive(world: World): string[] {
  const lives = ARCHIVE.get(world) ?? new Map<string, NonNullable<Gesture['archived']>>();
  ARCHIVE.set(world, lives);
  const items = new Map(world.snapshot.items);
  const gone = [...items.values()].filter((item) => isTerminal(item.stage));
  for (const item of gone) {
    lives.set(item.issue, { id: item.id, gen: item.gen, stage: item.stage, seen: item.seen?.at ?? null });
    items.delete(item.id);
  }
  world.snapshot = { repo: world.snapshot.repo, items };
  return gone.map((item) => item.id);
}

/** The event that brings an item one step further; null = nothing but time does. */
export function forward(world: World, item: ItemState): PipelineEvent | null {
  const number = Number(item.issue.replace('issue-', ''));
  const board = (action: Gesture['action']) => startGesture(number, { action, row: world.row(), entry: null });
  const command = (action: Gesture['action']) =>
    startGesture(1, { action, item: item.id, issue: null, row: null, entry: null, via: 'dispatch' });
  if (item.activity === 'held') return item.stage === 'deploy' ? command('recheck') : command('retry');
  if (item.waitingFor === 'approval') return board('approve');
  if (item.waitingFor === 'confirm-deploy') return board('confirm');
  if (item.waitingFor === 'ci')
    return { type: 'ci.judged', item: item.id, sha: item.head ?? '', verdict: passOf('ci') };
  if (item.activity !== 'dispatched') return null;
  const phase = item.stage === 'deploy' ? item.delivery?.phase : null;
  if (phase === 'approved')
    return world.recorded(item.id, 'initiated', { delivery: { attempts: [world.attempt('running')] } });
  if (phase === 'initiated')
    return world.recorded(item.id, 'deployed', { delivery: { attempts: [world.attempt('ok')] } });
  if (phase === 'deployed')
    return world.recorded(item.id, 'landing', {
      delivery: { land: { pr: 1, head: sha('m'), expected_tree: sha('t'), base: sha('main'), merge_commit: null } },
    });
  const event = world.landed(item.id);
  return item.stage === 'development' && world.config.ci.mode === 'local'
    ? { ...event, verdicts: [passOf('ci')] }
    : event;
}

/** What a choice means now: events, or nothing when it only lets time pass or archives. */
export function eventOf(world: World, it: Choice): PipelineEvent | null {
  const { a, b, c, odd } = it;
  const item = target(world, it);
  const id = item?.id ?? 'ET-99';
  switch (it.what) {
    case 'go':
      return item === null || isTerminal(item.stage)
        ? startGesture(it.issue, { row: world.row(), archived: ARCHIVE.get(world)?.get(`issue-${it.issue}`) ?? null })
        : forward(world, item);
    case 'gesture':
      return gesture(world, it);
    case 'landed': {
      if (item === null) return { ...world.landed([...world.snapshot.items.keys()][0] ?? '', {}), item: id };
      const verdicts = pick(
        [
          null,
          [],
          [anyVerdict(a, b, c)],
          [anyVerdict(a, b, c), anyVerdict(b, c, a)],
          [errs('review', 'REVIEW_STALE', 'rerun')],
          [holds('landed', 'NOT_LANDED')],
        ],
        a,
      );
      const over = {
        token: token(world, item, odd),
        outcome: {
          class: b % 2 === 0 ? ('ok' as const) : pick(OUTCOME_CLASSES, c),
          cause: null,
          text: `ended ${c}`,
          seconds: c,
          usage: null,
          costUsd: c % 5 === 0 ? null : 0.1,
        },
        ...(verdicts === null ? {} : { verdicts }),
        ...(odd === 3 ? { validated: null, mergeCommit: null, package: null } : {}),
        ...(odd === 4 ? { head: null } : {}),
      };
      return world.landed(item.id, over);
    }
    case 'recorded': {
      if (item?.delivery == null) return null;
      const phase = pick(DELIVERY_PHASES, a);
      return world.recorded(item.id, phase, {
        token: token(world, item, odd),
        ...(odd === 5 ? { from: pick(DELIVERY_PHASES, b) } : {}),
        handOver: b % 2 === 0,
        delivery: {
          attempts: [world.attempt(pick(['running', 'ok', 'refused', 'unknown', 'rolled-back'], c))],
          ...(odd === 6 ? { pass: item.delivery.pass + 1 } : {}),
        },
      });
    }
    case 'lost':
      return { type: 'run.lost', item: id, token: token(world, item, odd), text: 'lost' };
    case 'preflight':
      return {
        type: 'preflight.failed',
        item: id,
        token: token(world, item, odd),
        run: '1',
        cause: pick(['config', 'auth', 'transient', 'infra'] as const, a),
        text: 'no',
      };
    case 'ci':
      return {
        type: 'ci.judged',
        item: id,
        sha: odd === 1 ? sha('other') : (item?.head ?? sha('none')),
        verdict: b % 3 === 0 ? fails('ci', 'CI_RED', `red ${c % 2}`) : anyVerdict(4, b, c, odd === 2 ? GATES : ['ci']),
      };
    case 'moved':
      return { type: 'branch.moved', item: id, head: b % 2 === 0 ? sha(`foreign ${a}`) : (item?.head ?? sha('x')) };
    case 'merged':
      return { type: 'pull.merged', item: id, number: a, mergeCommit: odd === 3 ? null : sha('by hand') };
    case 'outside':
      return { type: 'held.outside', item: id, hold: pick(HOLD_REASONS, a), text: 'outside' };
    case 'time':
      return { type: 'clock' };
    case 'listed':
      return { type: 'tracker.listed', mark: new Date(world.now.getTime() - b * 60_000).toISOString() };
    case 'archive':
      return null;
  }
}

/** Makes a choice on the world; answers what was fed, if anything was. */
export function make(world: World, it: Choice): PipelineEvent | null {
  if (it.what === 'archive') archive(world);
  if (it.what === 'time') world.tick(pick([1, 60, 3600, 90_000], it.a));
  if (it.what === 'landed' && world.snapshot.items.size === 0) return null;
  return eventOf(world, it);
}

/** A world that went through all of the choices. */
export function walk(
  config: string,
  choices: readonly Choice[],
  each: (world: World, event: PipelineEvent) => void,
): World {
  const world = createWorld(config);
  for (const it of choices) {
    const event = make(world, it);
    if (event !== null) each(world, event);
  }
  return world;
}
