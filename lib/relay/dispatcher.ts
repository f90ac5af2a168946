import { errorText } from '../base/errors.ts';
import { type Alarm, createAlarm } from './alarm.ts';
import type { DispatcherDeps } from './dispatcher-deps.ts';
import { readIssue } from './enrich.ts';
import type { Entry } from './entry.ts';
import { LIMITS } from '../pipeline/envelope.ts';
import { createGiveUp, type GiveUp } from './give-up.ts';
import { observe } from './metrics.ts';
import { type Outlet, removeTask, takeReady } from './outlet.ts';
import { nextGroup, renderEnvelope, sortLane } from './prepare.ts';
import { classifyFailure, nextAttempt } from './retry.ts';
import { Schedule } from './schedule.ts';
import { watchRun } from './watch-run.ts';
import { type Batch, type Dispatched, type Lane, newTask, regroup, type Route, type Task } from './work.ts';

const PARALLEL_ITEMS = 4;
/** After what only time heals: no status map, a full disk. */
const PAUSE_MS = 10_000;
const REDISPATCHES = 3;

/** Takes spooled entries to confirmed runs: enrich → batch → dispatch → wait for the run. spec: RL-RLY-16…27 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #schedule: Schedule;
  readonly #outlets = new Map<string, Outlet>();
  readonly #calls = new Set<Promise<void>>();
  readonly #watches = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #giveUp: GiveUp;
  readonly #alarm: Alarm;
  readonly #open = new Map<number, Entry>();
  #state: 'new' | 'running' | 'poked' = 'new';

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#giveUp = createGiveUp(deps);
    this.#alarm = createAlarm(deps.ports.clock, () => this.#poke());
    this.#schedule = new Schedule((project) => deps.route(project)?.repository ?? null);
  }

  /** Entries that are not finished, also those whose run goes on. */
  pending(): readonly { readonly project: string; readonly issue: string; readonly receivedAt: string }[] {
    return [...this.#open.values()].map(({ project, issue, receivedAt }) => ({ project, issue, receivedAt }));
  }

  add(entry: Entry): void {
    this.#open.set(entry.seq, entry);
    this.#schedule.add(newTask(entry));
    this.#poke();
  }

  /** After a start: entries that were dispatched and not confirmed are asked for before anything is sent again. spec: RL-RLY-27 */
  resume(dispatched: readonly Dispatched[]): void {
    const batches = regroup(dispatched, (entry) => {
      this.#open.set(entry.seq, entry);
      const lane = this.#schedule.laneOf(entry);
      lane.busy = true;
      return { lane, repository: this.#deps.route(entry.project)?.repository ?? '' };
    });
    for (const batch of batches) this.#watch(batch);
  }

  start(): void {
    this.#state = 'running';
    this.#poke();
  }

  /** Looks again at everything that waits: routes or limits may have changed. */
  reconsider(): void {
    this.#schedule.reroute();
    this.#poke();
  }

  /** Drops what waits of a project that left the registry. spec: O-C-10 */
  async drop(project: string): Promise<number> {
    const tasks = this.#schedule.clear(project);
    if (tasks.length > 0) await this.#finish(tasks, 'superseded', 'project dropped');
    return tasks.length;
  }

  /** Starts nothing more and waits up to 20 s for calls in flight; what is not finished stays in the spool. spec: RL-RLY-27 */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#alarm.set(Number.POSITIVE_INFINITY);
    const patience = new AbortController();
    const limit = this.#deps.ports.clock.sleep(20_000, patience.signal).catch(() => {});
    await Promise.race([Promise.all([...this.#calls, ...this.#watches]), limit]);
    patience.abort();
    await limit;
  }

  /** Goes on once the current turn is over, however often it is asked for. */
  #poke(): void {
    if (this.#state !== 'running' || this.#stop.signal.aborted) return;
    this.#state = 'poked';
    setImmediate(() => {
      this.#state = 'running';
      if (!this.#stop.signal.aborted) this.#advance();
    });
  }

  /** Starts everything that may start and sets the alarm for what becomes due next. */
  #advance(): void {
    this.#schedule.advance(this.#now());
    for (const repository of this.#schedule.repositories) {
      const outlet = this.#outlet(repository);
      while (outlet.preparing < PARALLEL_ITEMS && outlet.ready.length < LIMITS.envelopes) {
        const lane = this.#schedule.take(repository);
        if (lane === null) break;
        const route = this.#deps.route(lane.project);
        if (route === null) this.#schedule.rest(lane, 0);
        else this.#track(this.#calls, this.#turn(lane, route, outlet));
      }
    }
    for (const [repository, outlet] of this.#outlets)
      if (!outlet.sending && outlet.ready.length > 0) {
        outlet.sending = true;
        this.#track(this.#calls, this.#send(repository, outlet));
      }
    this.#alarm.set(this.#schedule.due);
  }

  async #turn(lane: Lane, route: Route, outlet: Outlet): Promise<void> {
    outlet.preparing += 1;
    try {
      await this.#prepare(lane, route, outlet);
    } catch (thrown) {
      this.#rest(lane, this.#now() + PAUSE_MS);
      throw thrown;
    } finally {
      outlet.preparing -= 1;
      this.#poke();
    }
  }

  async #prepare(lane: Lane, route: Route, outlet: Outlet): Promise<void> {
    const { maps, ports, ownActors } = this.#deps;
    const map = await maps.get(lane.project);
    if (map === null) return this.#rest(lane, this.#now() + PAUSE_MS);
    let known = map;
    let sorted = sortLane(lane.tasks, known, ownActors(), false);
    if (sorted.unknown) {
      if (!(await maps.reread(lane.project))) return this.#rest(lane, this.#now() + PAUSE_MS);
      known = (await maps.get(lane.project)) ?? known;
      sorted = sortLane(lane.tasks, known, ownActors(), true);
    }
    for (const { task, status, reason } of sorted.drop) {
      removeTask(lane, task);
      await this.#finish([task], status, reason);
    }
    const head = sorted.keep[0];
    if (head === undefined || head.notBefore > this.#now()) return this.#rest(lane, head?.notBefore ?? 0);
    const group = nextGroup(sorted.keep);
    const issue = await readIssue(ports.tracker, ports.clock, ports.log, lane, this.#stop.signal);
    if (this.#stop.signal.aborted) return this.#rest(lane, 0);
    outlet.ready.push({
      lane,
      items: group.map((task) => ({ task, envelope: renderEnvelope(task.entry, route, known, issue) })),
    });
  }

  async #send(repository: string, outlet: Outlet): Promise<void> {
    const { ports, spool, metrics } = this.#deps;
    const taken = takeReady(outlet.ready);
    const envelopes = taken.map(({ envelope }) => envelope);
    const startedAt = this.#now();
    try {
      const { runId } = await ports.forge.dispatch(repository, envelopes);
      metrics.dispatch.ok += 1;
      observe(metrics.dispatchSeconds, (this.#now() - startedAt) / 1000);
      for (const { lane, task } of taken) removeTask(lane, task);
      await spool.ack(
        taken.map(({ task }) => task.entry.seq),
        'dispatched',
        { run: runId },
      );
      ports.log.info(
        `dispatched ${envelopes.map((envelope) => envelope.correlation).join(' ')} to ${repository}, run ${runId ?? 'unknown'}`,
      );
      this.#watch({ repository, runId, dispatchedAt: startedAt, parts: taken });
    } catch (thrown) {
      await this.#failed(repository, taken, thrown);
    } finally {
      outlet.sending = false;
      this.#poke();
    }
  }

  async #failed(repository: string, taken: readonly { lane: Lane; task: Task }[], thrown: unknown): Promise<void> {
    const { ports, metrics, alerts, limits } = this.#deps;
    const failure = classifyFailure(thrown);
    const random = ports.random();
    metrics.dispatch[failure.class] += 1;
    ports.log.warn(`dispatch to ${repository} failed (${failure.class}): ${errorText(thrown)}`);
    if (failure.class === 'refused')
      await alerts.raise(
        'credentials',
        repository,
        `the forge refuses the relay's token for ${repository} (${failure.status}): give CONVEYOR_RELAY_FORGE_TOKEN the right to dispatch there; events wait up to 24 h`,
      );
    for (const { lane, task } of taken) {
      task.failures[failure.class] += 1;
      if (failure.class === 'input' && taken.length > 1) task.alone = true;
      const count = task.failures[failure.class];
      const waitMs = nextAttempt(failure, count, limits().attempts, random);
      if (waitMs === null) await this.#bury(repository, lane, task, count, errorText(thrown));
      else task.notBefore = this.#now() + waitMs;
    }
    for (const lane of new Set(taken.map((part) => part.lane))) this.#rest(lane, 0);
  }

  #watch(batch: Batch): void {
    const { ports, limits } = this.#deps;
    const work = watchRun(ports, batch, () => limits().confirmS * 1000, this.#stop.signal).then(async (end) => {
      if (end === 'stopped') return;
      const tasks = batch.parts.map(({ task }) => task);
      if (end === 'success') await this.#finish(tasks, 'confirmed', null);
      else for (const { lane, task } of batch.parts) await this.#again(batch, lane, task, end);
      for (const { lane } of batch.parts) this.#rest(lane, 0);
    });
    this.#track(this.#watches, work);
  }

  async #again(batch: Batch, lane: Lane, task: Task, end: string): Promise<void> {
    const { ports, metrics } = this.#deps;
    task.redispatches += 1;
    task.alone = true;
    if (task.redispatches > REDISPATCHES) {
      await this.#bury(batch.repository, lane, task, task.redispatches, `run ${batch.runId ?? 'unknown'} ended ${end}`);
      return;
    }
    metrics.entries.redispatched += 1;
    ports.log.warn(
      `run ${batch.runId ?? 'unknown'} of ${batch.repository} ended ${end}: ${task.entry.correlation} is dispatched again`,
    );
    task.notBefore =
      this.#now() + (nextAttempt({ class: 'transient', retryAfterS: 0 }, task.redispatches, 99, ports.random()) ?? 0);
    this.#schedule.add(task);
  }

  async #bury(repository: string, lane: Lane, task: Task, attempts: number, reason: string): Promise<void> {
    if (await this.#giveUp(repository, task.entry, attempts, reason)) {
      removeTask(lane, task);
      this.#deps.metrics.entries.dead += 1;
      await this.#finish([task], 'dead', reason);
      return;
    }
    task.notBefore = this.#now() + PAUSE_MS;
    if (!lane.tasks.includes(task)) this.#schedule.add(task);
  }

  async #finish(
    tasks: readonly Task[],
    status: 'confirmed' | 'superseded' | 'dead',
    reason: string | null,
  ): Promise<void> {
    const seqs = tasks.map((task) => task.entry.seq);
    for (const seq of seqs) this.#open.delete(seq);
    if (status !== 'dead') this.#deps.metrics.entries[status] += seqs.length;
    await this.#deps.spool.ack(seqs, status, reason === null ? {} : { reason });
  }

  #rest(lane: Lane, notBefore: number): void {
    this.#schedule.rest(lane, notBefore);
    this.#poke();
  }

  #outlet(repository: string): Outlet {
    const outlet = this.#outlets.get(repository) ?? { preparing: 0, sending: false, ready: [] };
    this.#outlets.set(repository, outlet);
    return outlet;
  }

  #now(): number {
    return this.#deps.ports.clock.now().getTime();
  }

  #track(set: Set<Promise<void>>, work: Promise<void>): void {
    const tracked = work
      .catch((thrown: unknown) =>
        this.#deps.ports.log.error(
          `relay: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`,
        ),
      )
      .finally(() => set.delete(tracked));
    set.add(tracked);
  }
}
