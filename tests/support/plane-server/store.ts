import { randomUUID } from 'node:crypto';
import {
  type Activity,
  BOARD,
  type Comment,
  type Item,
  type Label,
  type State,
  type User,
  createTimes,
  createUser,
} from './model.ts';
import { PythonFloat, pythonJson } from './python-json.ts';
import { type Place, commentShape, itemShape, stateBrief, stripped, userShape } from './shapes.ts';
import type { WebhookSender } from './webhook.ts';

/** The web client and the public API name the same fields differently in a delivery. */
export type Door = 'web' | 'api';
const WEB_NAMES: Readonly<Record<string, string>> = {
  state: 'state_id',
  labels: 'label_ids',
  assignees: 'assignee_ids',
};
export type ItemChange = Partial<
  Pick<Item, 'name' | 'description_html' | 'priority' | 'state' | 'labels' | 'assignees' | 'sort_order' | 'point'>
>;
export type ItemFields = ItemChange & {
  readonly external_source?: string | null;
  readonly external_id?: string | null;
};

export type PlaneStore = ReturnType<typeof createPlaneStore>;

/** One workspace with one project, in memory; every change writes its history and its deliveries, as recorded. */
export function createPlaneStore(options: {
  readonly workspace: string;
  readonly identifier: string;
  readonly webhook: WebhookSender;
}) {
  const time = createTimes();
  const webhookId = randomUUID();
  const place: Place = { project: randomUUID(), workspace: randomUUID() };
  const people = {
    ada: createUser('ada', 20),
    bob: createUser('bob', 15),
    guest: createUser('guest', 5),
    bot: createUser('enduro-bot', 15),
  };
  const users: User[] = Object.values(people);
  const createdAt = time();
  const states: State[] = BOARD.map(([name, group], index) => ({
    id: randomUUID(),
    name,
    color: '#60646C',
    group,
    sequence: 15000 * (index + 1),
    default: index === 0,
    created_at: createdAt,
    created_by: people.ada.id,
  }));
  const labels: Label[] = [];
  const items = new Map<string, Item>();
  const comments: Comment[] = [];
  const activities: Activity[] = [];
  let sequence = 0;

  const addLabel = (name: string, actor: User = people.ada): Label => {
    const label: Label = {
      id: randomUUID(),
      name,
      color: '#E5484D',
      sort_order: 65535 + 10000 * labels.length,
      created_at: time(),
      created_by: actor.id,
    };
    labels.push(label);
    return label;
  };
  for (const name of ['Bug', 'autoApprove', 'autoDeploy']) addLabel(name);

  const addState = (name: string, group: State['group'], actor: User = people.ada): State => {
    const state: State = {
      id: randomUUID(),
      name,
      color: '#E5484D',
      group,
      sequence: 15000 * (states.length + 1),
      default: false,
      created_at: time(),
      created_by: actor.id,
    };
    states.push(state);
    return state;
  };

  const stateOf = (id: string): State => {
    const state = states.find((candidate) => candidate.id === id);
    if (state === undefined) throw new Error(`no state ${id} on the board`);
    return state;
  };

  const announce = (
    event: 'issue' | 'issue_comment',
    action: 'created' | 'updated',
    actor: User,
    data: () => object,
    change: object,
  ): void => {
    options.webhook.push(event, () =>
      pythonJson({
        event,
        action,
        webhook_id: webhookId,
        workspace_id: place.workspace,
        data: data(),
        activity: { ...change, actor: userShape(actor), old_identifier: null, new_identifier: null },
      }),
    );
  };
  const unchanged = { field: null, new_value: null, old_value: null };

  const itemData = (item: Item) => () => {
    const { type_id: _, ...row } = itemShape(item, place);
    return {
      ...row,
      labels: item.labels
        .map((id) => labels.find((label) => label.id === id))
        .map((label) => ({ id: label?.id, name: label?.name, color: label?.color })),
      assignees: item.assignees
        .map((id) => users.find((user) => user.id === id))
        .filter((user) => user !== undefined)
        .map(userShape),
      state: stateBrief(stateOf(item.state)),
      sort_order: new PythonFloat(item.sort_order),
      description: {},
      description_json: {},
      description_stripped: stripped(item.description_html),
    };
  };

  const record = (item: Item, actor: User, row: Partial<Activity> & Pick<Activity, 'verb' | 'comment'>): void => {
    const at = time();
    activities.push({
      id: randomUUID(),
      issue: item.id,
      created_at: at,
      field: null,
      old_value: null,
      new_value: null,
      old_identifier: null,
      new_identifier: null,
      issue_comment: null,
      actor: actor.id,
      ...row,
    });
    // The history task moves updated_at once more, after the answer. [010]
    item.updated_at = at;
  };

  const createItem = (actor: User, fields: ItemFields & { readonly name: string }): Item => {
    sequence += 1;
    const at = time();
    const item: Item = {
      id: randomUUID(),
      sequence_id: sequence,
      name: fields.name,
      description_html: fields.description_html ?? '<p></p>',
      priority: fields.priority ?? 'none',
      state: fields.state ?? states.find((state) => state.default)?.id ?? '',
      labels: fields.labels ?? [],
      assignees: fields.assignees ?? [],
      sort_order: 55535 + 10000 * sequence,
      point: fields.point ?? null,
      external_source: fields.external_source ?? null,
      external_id: fields.external_id ?? null,
      created_at: at,
      updated_at: at,
      created_by: actor.id,
      updated_by: null,
      completed_at: null,
    };
    items.set(item.id, item);
    record(item, actor, { verb: 'created', comment: 'created the issue' });
    announce('issue', 'created', actor, itemData(item), unchanged);
    return item;
  };

  /** Rows and deliveries for each field that really changes; labels compare in order, as Plane does. */
  const updateItem = (actor: User, item: Item, change: ItemChange, door: Door): void => {
    const before = { ...item };
    const fields = Object.keys(change) as (keyof ItemChange)[];
    const changed = fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(change[field]));
    Object.assign(item, change, { updated_at: time(), updated_by: actor.id });
    item.completed_at = stateOf(item.state).group === 'completed' ? (item.completed_at ?? time()) : null;
    for (const field of changed) {
      record(item, actor, { verb: 'updated', ...historyOf(field, before, item) });
      const name = door === 'web' ? (WEB_NAMES[field] ?? field) : field;
      announce('issue', 'updated', actor, itemData(item), {
        field: name,
        new_value: change[field],
        old_value: field === 'sort_order' ? new PythonFloat(before.sort_order) : before[field],
      });
    }
  };

  const historyOf = (
    field: keyof ItemChange,
    before: Item,
    after: Item,
  ): Pick<Activity, 'field' | 'comment'> & Partial<Activity> => {
    if (field === 'state')
      return {
        field,
        comment: 'updated the state to',
        old_value: stateOf(before.state).name,
        new_value: stateOf(after.state).name,
        old_identifier: before.state,
        new_identifier: after.state,
      };
    const name = field === 'description_html' ? 'description' : field;
    return {
      field: name,
      comment: `updated the ${name} to`,
      old_value: String(before[field]),
      new_value: String(after[field]),
    };
  };

  const addComment = (
    actor: User,
    item: Item,
    html: string,
    external: { readonly source: string | null; readonly id: string | null },
  ): Comment => {
    const at = time();
    const comment: Comment = {
      id: randomUUID(),
      issue: item.id,
      comment_html: html,
      external_source: external.source,
      external_id: external.id,
      created_at: at,
      updated_at: at,
      edited_at: null,
      actor: actor.id,
      updated_by: actor.id,
      description: randomUUID(),
    };
    comments.push(comment);
    record(item, actor, {
      verb: 'created',
      field: 'comment',
      comment: 'created a comment',
      new_value: html,
      new_identifier: comment.id,
      issue_comment: comment.id,
    });
    announce('issue_comment', 'created', actor, () => commentShape(comment, place), unchanged);
    return comment;
  };

  const updateComment = (actor: User, item: Item, comment: Comment, html: string): void => {
    const old = comment.comment_html;
    Object.assign(comment, { comment_html: html, updated_at: time(), updated_by: actor.id });
    record(item, actor, {
      verb: 'updated',
      field: 'comment',
      comment: 'updated a comment',
      old_value: old,
      new_value: html,
      new_identifier: comment.id,
      issue_comment: comment.id,
    });
    announce('issue_comment', 'updated', actor, () => commentShape(comment, place), {
      field: 'comment_html',
      new_value: html,
      old_value: old,
    });
  };

  return {
    ...options,
    place,
    people,
    users,
    states,
    labels,
    items,
    comments,
    activities,
    createdAt,
    stateOf,
    addLabel,
    addState,
    createItem,
    updateItem,
    addComment,
    updateComment,
  };
}
