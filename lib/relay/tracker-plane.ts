import { createPlaneClient, type PlaneClient } from '../adapters/tracker/plane-client.ts';
import { PlaneIssue, PlaneState, PlaneUser } from '../adapters/tracker/plane-schema.ts';
import { ExternalError } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { RelayTracker } from './ports.ts';

export interface PlaneReadsOptions {
  /** One row per registered project: its tracker's address, workspace and key. */
  readonly projects: () => readonly {
    readonly project: string;
    readonly url: string;
    readonly workspace: string;
    readonly token: string;
  }[];
  readonly clock: Clock;
  readonly log: Log;
}

/** What the relay reads of Plane, for every registered project. Throws `ExternalError` TRACKER_…. spec: RL-RLY-13, 16, 17 */
export function createPlaneReads(options: PlaneReadsOptions): RelayTracker {
  const clients = new Map<string, PlaneClient>();
  const clientOf = (project: string) => {
    const row = options.projects().find((candidate) => candidate.project === project);
    if (row === undefined)
      throw new ExternalError('TRACKER_UNKNOWN_PROJECT', `project ${project} is not registered`, { retryable: false });
    const client = clients.get(project) ?? createPlaneClient({ ...row, clock: options.clock, log: options.log });
    clients.set(project, client);
    return client;
  };
  return {
    ownActors: async () => {
      const byKey = new Map(options.projects().map(({ project, url, token }) => [`${url} ${token}`, project]));
      const users = await Promise.all(
        [...byKey.values()].map((project) => clientOf(project).get('users/me/', PlaneUser)),
      );
      if (users.includes(null))
        throw new ExternalError('TRACKER_FAILED', 'Plane does not say whose the API key is (users/me/ answers 404)');
      return new Set(users.flatMap((user) => (user === null ? [] : [user.id])));
    },
    states: async (project) => {
      const list = await clientOf(project).list('project/states/', PlaneState);
      if (list === null)
        throw new ExternalError('TRACKER_FAILED', `Plane does not know the project ${project}`, {
          retryable: false,
          status: 404,
        });
      return list;
    },
    issue: async (project, id) => {
      const row = await clientOf(project).get(`project/work-items/${encodeURIComponent(id)}/?expand=state`, PlaneIssue);
      return row === null
        ? null
        : { title: row.name, sequence: row.sequence_id ?? null, stateId: row.state.id, updatedAt: row.updated_at };
    },
  };
}
