import { randomUUID } from 'node:crypto';

export interface User {
  readonly id: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly email: string;
  readonly display_name: string;
  /** 5 guest, 15 member, 20 admin. */
  readonly role: number;
  readonly token: string;
}
export interface State {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  readonly group: 'backlog' | 'unstarted' | 'started' | 'completed' | 'cancelled';
  readonly sequence: number;
  readonly default: boolean;
  readonly created_at: string;
  readonly created_by: string;
}
export interface Label {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  readonly sort_order: number;
  readonly created_at: string;
  readonly created_by: string;
}
export interface Item {
  readonly id: string;
  readonly sequence_id: number;
  name: string;
  description_html: string;
  priority: string;
  state: string;
  labels: readonly string[];
  assignees: readonly string[];
  sort_order: number;
  point: number | null;
  readonly external_source: string | null;
  readonly external_id: string | null;
  readonly created_at: string;
  updated_at: string;
  readonly created_by: string;
  updated_by: string | null;
  completed_at: string | null;
}
export interface Comment {
  readonly id: string;
  readonly issue: string;
  comment_html: string;
  readonly external_source: string | null;
  readonly external_id: string | null;
  readonly created_at: string;
  updated_at: string;
  edited_at: string | null;
  readonly actor: string;
  updated_by: string | null;
  readonly description: string;
}
export interface Activity {
  readonly id: string;
  readonly issue: string;
  readonly created_at: string;
  readonly verb: 'created' | 'updated';
  readonly field: string | null;
  readonly old_value: string | null;
  readonly new_value: string | null;
  readonly comment: string;
  readonly old_identifier: string | null;
  readonly new_identifier: string | null;
  readonly issue_comment: string | null;
  readonly actor: string;
}

/** The 23 statuses of pipeline §6 with their groups. */
export const BOARD: readonly (readonly [name: string, group: State['group']])[] = [
  ['Backlog', 'backlog'],
  ['Todo', 'unstarted'],
  ['To Analyse', 'unstarted'],
  ['In Progress', 'started'],
  ['Analysis', 'started'],
  ['Needs Input', 'started'],
  ['In Review', 'started'],
  ['Approved', 'started'],
  ['Rejected', 'started'],
  ['Architecture', 'started'],
  ['Development', 'started'],
  ['Review', 'started'],
  ['Code Review', 'started'],
  ['Testing', 'started'],
  ['Awaiting Deploy', 'started'],
  ['Confirm Deploy', 'started'],
  ['Deploying', 'started'],
  ['Monitoring after Deploy', 'started'],
  ['Blocked', 'started'],
  ['STOP', 'cancelled'],
  ['Estimate', 'unstarted'],
  ['Done', 'completed'],
  ['Cancelled', 'cancelled'],
];

/** Python's ISO form with microseconds; every call later than the one before. */
export function createTimes(): () => string {
  let last = 0;
  return () => {
    last = Math.max(Date.now() * 1000, last + 1);
    const micros = String(last % 1_000_000).padStart(6, '0');
    return `${new Date(Math.floor(last / 1_000_000) * 1000).toISOString().slice(0, 19)}.${micros}Z`;
  };
}

export function createUser(name: string, role: number): User {
  const first = name[0]?.toUpperCase() + name.slice(1);
  const email = `${name}@example.test`;
  return {
    id: randomUUID(),
    first_name: first,
    last_name: 'Example',
    email,
    display_name: name,
    role,
    token: `plane_api_${randomUUID().replaceAll('-', '')}`,
  };
}
