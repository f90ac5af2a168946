import type { StatusKey } from '../pipeline/stages.ts';
import type { StateGroup } from '../ports/tracker.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Envelope } from '../pipeline/envelope.ts';
import type { SpoolFiles } from './spool-files.ts';

/** One status of a project's board as the tracker lists it. */
export interface BoardRow {
  readonly id: string;
  readonly name: string;
  readonly group: StateGroup;
}
/** A status with its meaning; `key` null = it has none, or two statuses share the name. spec: RL-RLY-18 */
export interface BoardState {
  readonly name: string;
  readonly group: StateGroup;
  readonly key: StatusKey | null;
}

/** What enrichment reads of an issue; no description leaves the tracker through the relay. spec: RL-RLY-16, RL-RLY-19 */
export interface RelayIssue {
  readonly title: string;
  readonly sequence: number | null;
  readonly stateId: string;
  readonly updatedAt: string;
}

/** Reads of the tracker. Projects are tracker uuids. Throws `ExternalError`; a missing issue is null. */
export interface RelayTracker {
  /** Account ids behind every configured token. spec: RL-RLY-13 */
  ownActors(): Promise<ReadonlySet<string>>;
  /** All statuses of one project. spec: RL-RLY-17 */
  states(project: string): Promise<readonly BoardRow[]>;
  issue(project: string, id: string, signal: AbortSignal): Promise<RelayIssue | null>;
}

/** `gone`: the forge does not know the run; `unknown`: a word of the forge that we do not know. */
export type DispatchedRunState = 'queued' | 'running' | 'success' | 'failure' | 'cancelled' | 'unknown' | 'gone';

/** What the relay needs to know of a repository's own configuration file. spec: O-C-9, RL-RLY-12 */
export interface RepositorySettings {
  readonly prefix: string;
  /** '' = the file does not name one. */
  readonly trackerProject: string;
  /** Labels whose gain or loss means something. */
  readonly labels: readonly string[];
  /** Board names by key (`tracker.statuses`). */
  readonly statuses: Readonly<Partial<Record<StatusKey, string>>>;
  /** Life of the state map in seconds; 0 = process life. */
  readonly statesTtlS: number;
}

/** Starts `conveyor-event` in a repository ("owner/name"). Throws `ExternalError` with status and Retry-After. spec: RL-RLY-20 */
export interface RelayForge {
  /** 1-20 envelopes of one repository in one run; `runId` null where the forge does not tell. */
  dispatch(repository: string, envelopes: readonly Envelope[]): Promise<{ readonly runId: number | null }>;
  runState(repository: string, runId: number): Promise<DispatchedRunState>;
  /** The run whose log carries the correlation, when the dispatch told no id. spec: RL-RLY-24 */
  findRun(repository: string, correlation: string): Promise<number | null>;
  /** `.conveyor/config.yml` of the default branch; null = there is none, or it is not valid. */
  settings(repository: string): Promise<RepositorySettings | null>;
}

export type AlertKind =
  | 'relay.spool'
  | 'relay.dead'
  | 'relay.signature'
  | 'relay-config-rejected'
  | 'registry-mismatch'
  | 'credentials';

/** One message to the operators; delivery is the adapter's business and never throws into the relay. */
export type Alert = (kind: AlertKind, text: string) => Promise<void>;

export interface RelayPorts {
  readonly tracker: RelayTracker;
  readonly forge: RelayForge;
  readonly clock: Clock;
  readonly log: Log;
  readonly alert: Alert;
  readonly files: SpoolFiles;
  /** Uniform in [0, 1): jitter of back-off. */
  readonly random: () => number;
}
