import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { ExternalError, errorText } from '../../base/errors.ts';
import type { PlaneClient } from './plane-client.ts';
import { PlaneLabel, PlaneState } from './plane-schema.ts';
import { type ResolvedState, type StatusAliases, ambiguousNames, resolveStates } from './states.ts';

const REFRESH_FLOOR_S = 10;

/** The statuses and labels of one project's board. */
export interface PlaneBoard {
  states(): Promise<ReadonlyMap<string, ResolvedState>>;
  /** The states, read again when one of the ids is not among them (at most once per 10 s). */
  statesWith(ids: readonly string[]): Promise<ReadonlyMap<string, ResolvedState>>;
  /** Reads the states again now; null when they cannot be read. */
  refresh(): Promise<ReadonlyMap<string, ResolvedState> | null>;
  /** Names of labels by id, without those that stand twice on the board; null = could not be read. */
  labels(): Promise<ReadonlyMap<string, string | null> | null>;
}

/**
 * States are kept `statesTtlS` seconds (0 = as long as the process lives); a failed refresh serves the last good set,
 * no set at all throws. Never another project's ids. spec: PL-B-1, RL-RLY-17, RL-PLN-2
 */
export function createPlaneBoard(
  client: PlaneClient,
  options: { readonly aliases: StatusAliases; readonly statesTtlS: number; readonly clock: Clock; readonly log: Log },
): PlaneBoard {
  let known: { readonly states: ReadonlyMap<string, ResolvedState>; readonly at: number } | null = null;
  let asked = Number.NEGATIVE_INFINITY;
  const now = (): number => options.clock.now().getTime() / 1000;

  const load = async (): Promise<ReadonlyMap<string, ResolvedState>> => {
    asked = now();
    const list = await client.list('project/states/', PlaneState);
    if (list === null)
      throw new ExternalError('TRACKER_FAILED', 'Plane does not know the project: its states answer 404', {
        retryable: false,
        status: 404,
      });
    for (const name of ambiguousNames(list))
      options.log.error(
        `two statuses of the board are named "${name}": their gesture is not read until one is renamed`,
      );
    known = { states: resolveStates(list, options.aliases), at: asked };
    return known.states;
  };

  const loadOrStale = async (): Promise<ReadonlyMap<string, ResolvedState>> => {
    try {
      return await load();
    } catch (thrown) {
      if (known === null) throw thrown;
      options.log.warn(`board statuses could not be refreshed, using the last good set: ${errorText(thrown)}`);
      return known.states;
    }
  };

  const states = async (): Promise<ReadonlyMap<string, ResolvedState>> => {
    if (known !== null && (options.statesTtlS === 0 || now() - known.at < options.statesTtlS)) return known.states;
    if (known !== null && now() - asked < REFRESH_FLOOR_S) return known.states;
    return await loadOrStale();
  };

  return {
    states,
    async statesWith(ids) {
      const have = await states();
      if (ids.every((id) => have.has(id)) || now() - asked < REFRESH_FLOOR_S) return have;
      return await loadOrStale();
    },
    async refresh() {
      return await load().catch(() => null);
    },
    async labels() {
      try {
        const list = await client.list('project/labels/', PlaneLabel);
        return list === null ? null : unambiguous(list);
      } catch (thrown) {
        options.log.warn(`labels of the board could not be read, no label counts: ${errorText(thrown)}`);
        return null;
      }
    },
  };
}

/** A name that stands twice on the board is absent: automatic approvals never happen on doubt. spec: RL-PLN-2 */
function unambiguous(
  list: readonly { readonly id: string; readonly name: string }[],
): ReadonlyMap<string, string | null> {
  const normal = (name: string): string => name.trim().normalize('NFC').toLowerCase();
  return new Map(
    list.map((label) => [
      label.id,
      list.filter((other) => normal(other.name) === normal(label.name)).length === 1 ? label.name : null,
    ]),
  );
}
