import { ExternalError } from '../../base/errors.ts';
import type { StatusKey } from '../../pipeline/stages.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Issue, StateRow, StatusWrite, TrackerPort } from '../../ports/tracker.ts';
import type { SendHttp } from '../http/send.ts';
import { htmlText } from './html-text.ts';
import { instantMicros } from './instant.ts';
import { createPlaneBoard } from './plane-board.ts';
import { createPlaneClient, parsed } from './plane-client.ts';
import { createCommentUpsert, listPlaneComments } from './plane-comments.ts';
import { createPlanePeople } from './plane-people.ts';
import { PlaneActivity, PlaneIssue, PlaneStateWritten } from './plane-schema.ts';
import { FAIL_CLOSED_KEYS, type ResolvedState, type StatusAliases, outboundState } from './states.ts';

const LISTED = 'fields=id,sequence_id,name,description_stripped,description_html,state,labels,updated_at&expand=state';

export interface PlaneTrackerOptions {
  /** Address of Plane, without /api. */
  readonly url: string;
  readonly workspace: string;
  /** Project uuid. */
  readonly project: string;
  /** API key for all reads and for status writes. */
  readonly token: string;
  /** API keys that are only the authors of comments, by role. spec: RL-PLN-3 */
  readonly roleTokens?: Readonly<Record<string, string>> | undefined;
  /** Further accounts of ours. */
  readonly ownActorIds?: readonly string[] | undefined;
  readonly statuses?: StatusAliases | undefined;
  /** Seconds the board's statuses are kept; 0 = as long as the process lives. Default 300. */
  readonly statesTtlS?: number | undefined;
  /** Base of links for people, already guarded against loopback addresses; null = no links. spec: H-ALR-7 */
  readonly webUrl: string | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly send?: SendHttp | undefined;
  readonly timeoutMs?: number | undefined;
}

/** One project of a Plane as a tracker. Errors: see `createPlaneClient`; a missing issue is null, 'gone' or TRACKER_GONE. spec: relay §3 */
export function createPlaneTracker(options: PlaneTrackerOptions): TrackerPort {
  const { clock, log } = options;
  const clientFor = (token: string) => createPlaneClient({ ...options, token });
  const client = clientFor(options.token);
  const roles = new Map(
    Object.entries(options.roleTokens ?? {})
      .filter(([, token]) => token !== '')
      .map(([role, token]) => [role, clientFor(token)]),
  );
  const aliases = options.statuses ?? {};
  for (const key of FAIL_CLOSED_KEYS)
    if (aliases[key] !== undefined)
      log.warn(`tracker.statuses.${key} is not read: this status has no alias, name it as the board should show it`);
  const board = createPlaneBoard(client, { aliases, statesTtlS: options.statesTtlS ?? 300, clock, log });
  const people = createPlanePeople(
    [...roles].map(([name, role]) => ({ name, client: role })),
    client,
    { ownActorIds: options.ownActorIds ?? [], clock, log },
  );
  const itemPath = (id: string): string => `project/work-items/${encodeURIComponent(id)}/`;

  const toIssue = (
    row: PlaneIssue,
    states: ReadonlyMap<string, ResolvedState>,
    labels: ReadonlyMap<string, string | null> | null,
  ): Issue => ({
    id: row.id,
    project: options.project,
    sequence: row.sequence_id ?? null,
    title: row.name,
    description: description(row),
    state: { ...row.state, key: states.get(row.state.id)?.key ?? null },
    labels: labelNames(row.labels, labels),
    updatedAt: row.updated_at,
  });

  const writeStatus = async (issue: string, current: string, key: StatusKey, again: boolean): Promise<StatusWrite> => {
    const target = outboundState(await board.states(), key);
    if (!target.write) {
      if (target.why === 'people-only') log.error(`status ${key} is set by people only: not written on issue ${issue}`);
      else log.warn(`the board has no status for ${key}: issue ${issue} keeps its status`);
      return 'skipped';
    }
    if (target.id === current) return 'unchanged';
    const answer = await client.write('PATCH', itemPath(issue), { state: target.id }, [200, 400, 404]);
    if (answer.status === 404) return 'gone';
    if (answer.status === 400) {
      // 400 = the status is not on the board (any more): read the board once more and try what it has now. [057-059]
      if (again || (await board.refresh()) === null)
        throw new ExternalError('TRACKER_FAILED', `Plane refused status ${target.name} for issue ${issue} with 400`, {
          retryable: true,
          status: 400,
        });
      return await writeStatus(issue, current, key, true);
    }
    if (parsed(PlaneStateWritten, answer.body, itemPath(issue)).state !== target.id)
      throw new ExternalError(
        'TRACKER_FAILED',
        `Plane accepted status ${target.name} for issue ${issue} but did not set it`,
        { retryable: true, status: 200 },
      );
    return 'ok';
  };

  return {
    kind: 'plane',
    ownActors: people.ownActors,
    memberRole: people.memberRole,
    hasStatus: async (key) => [...(await board.states()).values()].some((state) => state.key === key),
    async getIssue(id) {
      const row = await client.get(`${itemPath(id)}?expand=state`, PlaneIssue);
      if (row === null) return null;
      return toIssue(
        row,
        await board.statesWith([row.state.id]),
        row.labels.length === 0 ? new Map() : await board.labels(),
      );
    },
    async listStateRows(issue) {
      const rows = await client.list(`${itemPath(issue)}activities/`, PlaneActivity);
      if (rows === null) return [];
      const moves = rows
        .filter((row) => row.field === 'state')
        .sort((a, b) => instantMicros(a.created_at) - instantMicros(b.created_at));
      const created = rows.find((row) => row.verb === 'created' && row.field === null);
      const now = moves.length > 0 ? null : await client.get(`${itemPath(issue)}?fields=id,state`, PlaneStateWritten);
      const first = moves[0]?.old_identifier ?? now?.state ?? null;
      const states = await board.statesWith(
        [first, ...moves.map((row) => row.new_identifier)].filter((id) => typeof id === 'string'),
      );
      const key = (id: string | null | undefined): StatusKey | null =>
        typeof id === 'string' ? (states.get(id)?.key ?? null) : null;
      const toRow = (row: PlaneActivity, from: StatusKey | null, to: StatusKey | null): StateRow => ({
        id: row.id,
        at: row.created_at,
        actor: row.actor ?? '',
        from,
        to,
      });
      return [
        // The creation is a row too: an issue made directly in the start status is a start. spec: RL-RLY-12
        ...(created === undefined ? [] : [toRow(created, null, key(first))]),
        ...moves.map((row) => toRow(row, key(row.old_identifier), key(row.new_identifier))),
      ];
    },
    listComments: async (issue) => await listPlaneComments(client, issue),
    async listUpdated(since) {
      const mark = since === null ? Number.NEGATIVE_INFINITY : instantMicros(since);
      const newer = (row: PlaneIssue): boolean => !(instantMicros(row.updated_at) <= mark);
      const rows = await client.list(
        `project/work-items/?order_by=-updated_at&per_page=100&${LISTED}`,
        PlaneIssue,
        (page) => !page.every(newer),
      );
      if (rows === null)
        throw new ExternalError('TRACKER_FAILED', 'Plane does not know the project: its work items answer 404', {
          retryable: false,
          status: 404,
        });
      // Rows move while the list is paged, so one can come twice; the first is the newest.
      const unique = [
        ...new Map(
          rows
            .filter(newer)
            .reverse()
            .map((row) => [row.id, row]),
        ).values(),
      ].reverse();
      const states = await board.statesWith(unique.map((row) => row.state.id));
      const labels = unique.some((row) => row.labels.length > 0) ? await board.labels() : new Map<string, string>();
      return unique.map((row) => toIssue(row, states, labels));
    },
    async setStatus(issue, key) {
      const row = await client.get(`${itemPath(issue)}?fields=id,state`, PlaneStateWritten);
      return row === null ? 'gone' : await writeStatus(issue, row.state, key, false);
    },
    upsertComment: createCommentUpsert(client, roles, log),
    issueUrl: (issue) =>
      options.webUrl === null
        ? null
        : `${options.webUrl.replace(/\/+$/, '')}/${[options.workspace, 'projects', options.project, 'issues', issue.id].map(encodeURIComponent).join('/')}/`,
  };
}

function description(row: PlaneIssue): string {
  const stripped = row.description_stripped;
  return stripped === undefined || stripped === null
    ? htmlText(row.description_html ?? '')
    : stripped.replace(/\s+/g, ' ').trim();
}

/** Unknown is not empty: one id without a name makes the whole list unknown. spec: RL-PLN-2 */
function labelNames(
  ids: readonly string[],
  names: ReadonlyMap<string, string | null> | null,
): readonly string[] | null {
  const found = names === null ? [undefined] : ids.map((id) => names.get(id));
  return found.includes(undefined) ? null : found.filter((name) => typeof name === 'string');
}
