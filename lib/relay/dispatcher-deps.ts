import type { AlertMemory } from './alert-memory.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { RelayMetrics } from './metrics.ts';
import type { RelayPorts } from './ports.ts';
import type { Spool } from './spool.ts';
import type { StateMaps } from './state-maps.ts';
import type { Route } from './work.ts';

/** What the dispatcher works with. */
export interface DispatcherDeps {
  readonly ports: RelayPorts;
  readonly spool: Spool;
  readonly dead: DeadLetters;
  readonly maps: StateMaps;
  readonly alerts: AlertMemory;
  readonly metrics: RelayMetrics;
  /** null = the project is not registered, or suspended: its events wait. spec: O-C-9, O-C-10 */
  readonly route: (project: string) => Route | null;
  readonly ownActors: () => ReadonlySet<string>;
  readonly limits: () => { readonly attempts: number; readonly confirmS: number };
}
