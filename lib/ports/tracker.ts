import type { StatusKey } from '../pipeline/stages.ts';

export type StateGroup = 'backlog' | 'unstarted' | 'started' | 'completed' | 'cancelled';
export interface Issue {
  readonly id: string;
  readonly project: string;
  /** Number on the board (ET-12 → 12); null when the tracker did not say. */
  readonly sequence: number | null;
  readonly title: string;
  /** Plain text: tags to spaces, white space collapsed. spec: PL-Q-1 */
  readonly description: string;
  readonly state: {
    readonly id: string;
    readonly name: string;
    readonly group: StateGroup;
    readonly key: StatusKey | null;
  };
  /** Label names as on the board; null = could not be read (unknown, not empty). spec: RL-PLN-2 */
  readonly labels: readonly string[] | null;
  readonly updatedAt: string;
}
/** A row of the issue's history: who moved it from which state to which, newest last. */
export interface StateRow {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly from: StatusKey | null;
  readonly to: StatusKey | null;
}
export interface Comment {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly text: string;
  readonly externalId: string | null;
}
export type StatusWrite = 'ok' | 'unchanged' | 'skipped' | 'gone';

/** One project on a tracker. Throws `ExternalError` (TRACKER_…); a missing issue is 'gone' or null. */
export interface TrackerPort {
  readonly kind: 'plane' | 'file';
  /** Account ids that are ours: rows by them are echoes. */
  ownActors(): Promise<ReadonlySet<string>>;
  /** Role of a project member (5 guest, 15 member, 20 admin); null = not a member. */
  memberRole(actor: string): Promise<number | null>;
  /** Whether the board has a status for this key (own name or configured alias). */
  hasStatus(key: StatusKey): Promise<boolean>;
  getIssue(id: string): Promise<Issue | null>;
  /** State changes of the issue, oldest first. */
  listStateRows(issue: string): Promise<readonly StateRow[]>;
  /** Comments, oldest first. */
  listComments(issue: string): Promise<readonly Comment[]>;
  /** Issues changed since a mark (exclusive), newest first; null = all. */
  listUpdated(since: string | null): Promise<readonly Issue[]>;
  /** Reads first, writes only when different; outbound aliases and fail-closed keys: pipeline §6. */
  setStatus(issue: string, key: StatusKey): Promise<StatusWrite>;
  /** Exactly one comment per external id; created or updated. spec: H-CMT-10 */
  upsertComment(
    issue: string,
    comment: { readonly externalId: string; readonly html: string; readonly role: string },
  ): Promise<{ readonly id: string }>;
  /** Page of the issue for links, null when there is no public address. */
  issueUrl(issue: Pick<Issue, 'id'>): string | null;
}
