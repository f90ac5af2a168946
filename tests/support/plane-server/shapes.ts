import type { Activity, Comment, Item, Label, State, User } from './model.ts';

/** Ids that every row of the public API carries. */
export interface Place {
  readonly project: string;
  readonly workspace: string;
}

export const userShape = ({ id, first_name, last_name, email, display_name }: User) => ({
  id,
  first_name,
  last_name,
  email,
  avatar: '',
  avatar_url: null,
  display_name,
});

export const stateShape = (state: State, place: Place) => ({
  id: state.id,
  created_at: state.created_at,
  updated_at: state.created_at,
  deleted_at: null,
  name: state.name,
  description: '',
  color: state.color,
  slug: state.name.toLowerCase().replaceAll(' ', '-'),
  sequence: state.sequence,
  group: state.group,
  is_triage: false,
  default: state.default,
  external_source: null,
  external_id: null,
  created_by: state.created_by,
  updated_by: null,
  ...place,
});

/** The short form inside webhooks and behind `expand=state`. */
export const stateBrief = ({ id, name, color, group }: State) => ({ id, name, color, group });

export const labelShape = (label: Label, place: Place) => ({
  id: label.id,
  created_at: label.created_at,
  updated_at: label.created_at,
  deleted_at: null,
  name: label.name,
  description: '',
  color: label.color,
  sort_order: label.sort_order,
  external_source: null,
  external_id: null,
  created_by: label.created_by,
  updated_by: null,
  workspace: place.workspace,
  project: place.project,
  parent: null,
});

export const itemShape = (item: Item, place: Place) => ({
  id: item.id,
  type_id: null,
  created_at: item.created_at,
  updated_at: item.updated_at,
  deleted_at: null,
  point: item.point,
  name: item.name,
  description_html: item.description_html,
  description_binary: null,
  priority: item.priority,
  start_date: null,
  target_date: null,
  sequence_id: item.sequence_id,
  sort_order: item.sort_order,
  completed_at: item.completed_at,
  archived_at: null,
  is_draft: false,
  external_source: item.external_source,
  external_id: item.external_id,
  created_by: item.created_by,
  updated_by: item.updated_by,
  ...place,
  parent: null,
  state: item.state,
  estimate_point: null,
  type: null,
  assignees: item.assignees,
  labels: item.labels,
});

export const commentShape = (comment: Comment, place: Place) => ({
  id: comment.id,
  created_at: comment.created_at,
  updated_at: comment.updated_at,
  deleted_at: null,
  comment_html: comment.comment_html,
  attachments: [],
  access: 'INTERNAL',
  external_source: comment.external_source,
  external_id: comment.external_id,
  edited_at: comment.edited_at,
  created_by: comment.actor,
  updated_by: comment.updated_by,
  ...place,
  description: comment.description,
  issue: comment.issue,
  actor: comment.actor,
  parent: null,
});

export const activityShape = (row: Activity, place: Place) => ({
  id: row.id,
  created_at: row.created_at,
  updated_at: row.created_at,
  deleted_at: null,
  verb: row.verb,
  field: row.field,
  old_value: row.old_value,
  new_value: row.new_value,
  comment: row.comment,
  attachments: [],
  old_identifier: row.old_identifier,
  new_identifier: row.new_identifier,
  epoch: Math.floor(Date.parse(row.created_at) / 1000),
  ...place,
  issue: row.issue,
  issue_comment: row.issue_comment,
  actor: row.actor,
});

/** What Plane's `description_stripped` does: tags away without a space, the basic entities decoded. */
export const stripped = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

export const projectShape = (
  place: Place,
  identifier: string,
  role: number,
  members: number,
  owner: string,
  at: string,
) => ({
  id: place.project,
  total_members: members,
  total_cycles: 0,
  total_modules: 0,
  is_member: true,
  member_role: role,
  is_deployed: false,
  created_at: at,
  updated_at: at,
  name: identifier,
  description: '',
  identifier,
  created_by: owner,
  workspace: place.workspace,
});
