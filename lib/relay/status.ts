import type { DeadLetters } from './dead-letters.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Histogram, RelayMetrics } from './metrics.ts';
import type { Projects } from './projects.ts';
import type { Spool } from './spool.ts';
import type { SpoolHealth } from './spool-health.ts';
import type { StateMaps } from './state-maps.ts';

/** What the endpoints show: numbers and ids, no titles, e-mails, secrets or bodies. spec: RL-RLY-1 */
export interface RelayView {
  readonly environment: 'production' | 'staging';
  readonly version: string;
  readonly startedAt: Date;
  readonly now: () => Date;
  readonly metrics: RelayMetrics;
  readonly dispatcher: Pick<Dispatcher, 'pending'>;
  readonly dead: Pick<DeadLetters, 'count'>;
  readonly projects: Projects;
  readonly maps: Pick<StateMaps, 'ageS'>;
  readonly spool: Pick<Spool, 'bytes'>;
  readonly health: Pick<SpoolHealth, 'failing'>;
  /** Why the relay is degraded; empty = it is not. */
  readonly degraded: () => readonly string[];
  readonly configOk: () => boolean;
}

interface SpoolNumbers {
  readonly pending: number;
  readonly oldest_s: number;
  readonly dead: number;
}

/** spec: relay §1.1; 503 only while the spool is not writable */
export function renderHealth(view: RelayView): { status: 200 | 503; body: Readonly<Record<string, unknown>> } {
  return {
    status: view.health.failing ? 503 : 200,
    body: {
      status: view.health.failing || view.degraded().length > 0 ? 'degraded' : 'ok',
      environment: view.environment,
      version: view.version,
      uptime_s: uptime(view),
      spool: spoolNumbers(view),
      plane_webhook: 'unknown',
      reconcile_requests: 'off',
    },
  };
}

export function renderStatus(view: RelayView): Readonly<Record<string, unknown>> {
  const pending = view.dispatcher.pending();
  const numbers = spoolNumbers(view);
  return {
    environment: view.environment,
    projects: view.projects.entries.map((entry) => ({
      project: entry.project,
      repository: entry.repository,
      prefix: entry.prefix,
      enabled: entry.enabled,
      suspended: view.projects.mismatch(entry.project),
      last_delivery: view.projects.lastDelivery(entry.project)?.toISOString() ?? null,
      pending: Object.fromEntries(
        [
          ...Map.groupBy(
            pending.filter(({ project }) => project === entry.project),
            ({ issue }) => issue,
          ),
        ].map(([issue, of]) => [issue, of.length]),
      ),
      dead: view.dead.count(entry.project),
      states_age_s: view.maps.ageS(entry.project),
    })),
    pending: numbers.pending,
    dead: numbers.dead,
    degraded: view.degraded(),
  };
}

/** JSON of `/metrics`; a section that fails is null, the rest is served. */
export function renderMetrics(view: RelayView): Readonly<Record<string, unknown>> {
  const { metrics } = view;
  return {
    schema_version: 1,
    generated_at: view.now().toISOString(),
    receive: section(() => ({
      ...metrics.events,
      ignored_reasons: metrics.ignored,
      secrets: metrics.secrets,
      limits: metrics.limits,
    })),
    spool: section(() => ({ ...spoolNumbers(view), bytes: view.spool.bytes })),
    dispatch: section(() => ({
      ...metrics.dispatch,
      entries: metrics.entries,
      seconds: { count: metrics.dispatchSeconds.count, sum: metrics.dispatchSeconds.sum },
    })),
    plane_api: section(() => ({ ...metrics.tracker })),
  };
}

/** Prometheus text. spec: O-V-2 */
export function renderMetricsText(view: RelayView): string {
  const { metrics } = view;
  const { pending, oldest_s } = spoolNumbers(view);
  const counter = (name: string, values: Readonly<Record<string, number>>) => [
    `# TYPE conveyor_${name} counter`,
    ...Object.entries(values).map(([result, value]) => `conveyor_${name}{result="${result}"} ${value}`),
  ];
  const gauge = (name: string, value: number) => [`# TYPE conveyor_${name} gauge`, `conveyor_${name} ${value}`];
  return [
    ...counter('relay_events_total', metrics.events),
    ...counter('relay_dispatch_total', metrics.dispatch),
    ...histogram('relay_dispatch_seconds', metrics.dispatchSeconds),
    ...gauge('relay_spool_depth', pending),
    ...gauge('relay_spool_oldest_seconds', oldest_s),
    ...gauge('relay_config_ok', view.configOk() ? 1 : 0),
    '',
  ].join('\n');
}

function histogram(name: string, { buckets, counts, sum, count }: Histogram): string[] {
  let total = 0;
  const rows = buckets.map((limit, index) => {
    total += counts[index] ?? 0;
    return `conveyor_${name}_bucket{le="${limit}"} ${total}`;
  });
  return [
    `# TYPE conveyor_${name} histogram`,
    ...rows,
    `conveyor_${name}_bucket{le="+Inf"} ${count}`,
    `conveyor_${name}_sum ${sum}`,
    `conveyor_${name}_count ${count}`,
  ];
}

function spoolNumbers(view: RelayView): SpoolNumbers {
  const pending = view.dispatcher.pending();
  const oldest = pending.reduce(
    (min, { receivedAt }) => Math.min(min, Date.parse(receivedAt)),
    Number.POSITIVE_INFINITY,
  );
  const oldestS = Number.isFinite(oldest) ? Math.max(0, Math.round((view.now().getTime() - oldest) / 1000)) : 0;
  return { pending: pending.length, oldest_s: oldestS, dead: view.dead.count() };
}

function uptime(view: RelayView): number {
  return Math.round((view.now().getTime() - view.startedAt.getTime()) / 1000);
}

function section<Value>(render: () => Value): Value | null {
  try {
    return render();
  } catch {
    return null;
  }
}
