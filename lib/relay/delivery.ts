import { z } from 'zod';

const Uuid = z.string().regex(/^[0-9a-fA-F-]{36}$/);

/** The parts of Plane's body that are read; all else is kept only as raw bytes. spec: RL-RLY-11 */
const Body = z.object({
  event: z.string(),
  action: z.string(),
  data: z.object({
    id: z.string().optional(),
    project: z.string().nullish(),
    sequence_id: z.int().nullish(),
    name: z.string().nullish(),
    description_stripped: z.string().nullish(),
    updated_at: z.string().nullish(),
    state: z.object({ id: Uuid, name: z.string(), group: z.string() }).nullish().catch(null),
    labels: z
      .array(z.object({ id: Uuid, name: z.string() }))
      .nullish()
      .catch(null),
  }),
  activity: z
    .looseObject({
      field: z.string().nullish(),
      old_value: z.unknown(),
      new_value: z.unknown(),
      actor: z.object({ id: z.string() }).nullish().catch(null),
    })
    .nullish(),
});

/** A delivery in the names of the public API, whatever door the change came through. spec: RL-RLY-11 */
export interface Delivery {
  /** `issue`, `comment`, or the tracker's own word. */
  readonly event: string;
  readonly action: 'created' | 'updated' | 'deleted' | 'other';
  readonly project: string | null;
  readonly issue: string | null;
  readonly sequence: number | null;
  readonly title: string;
  readonly descriptionLength: number;
  /** `state`, `labels`, `assignees`, `parent`, … ; null on created and deleted. */
  readonly field: string | null;
  readonly old: unknown;
  readonly new: unknown;
  readonly actor: string | null;
  readonly updatedAt: string;
  /** State and labels "at or later": read when the delivery was built, not when the change was made. */
  readonly late: {
    readonly state: { readonly id: string; readonly name: string } | null;
    readonly labels: ReadonlyMap<string, string> | null;
  };
}

const FIELDS: Readonly<Record<string, string>> = {
  state_id: 'state',
  label_ids: 'labels',
  assignee_ids: 'assignees',
  parent_id: 'parent',
};
const EVENTS: Readonly<Record<string, string>> = {
  work_item: 'issue',
  issue_comment: 'comment',
  work_item_comment: 'comment',
};
const ACTIONS: Readonly<Record<string, Delivery['action']>> = {
  created: 'created',
  create: 'created',
  updated: 'updated',
  update: 'updated',
  deleted: 'deleted',
  delete: 'deleted',
};

/** Reads a parsed body; null when it has not the shape of a delivery. Never throws. spec: RL-RLY-11 */
export function parseDelivery(json: unknown): Delivery | null {
  const parsed = Body.safeParse(json);
  if (!parsed.success) return null;
  const { event, action, data, activity } = parsed.data;
  const field = activity?.field ?? null;
  return {
    event: EVENTS[event] ?? event,
    action: ACTIONS[action] ?? 'other',
    project: data.project ?? null,
    issue: data.id ?? null,
    sequence: data.sequence_id ?? null,
    title: data.name ?? '',
    descriptionLength: (data.description_stripped ?? '').trim().length,
    field: field === null ? null : (FIELDS[field] ?? field),
    old: activity?.old_value ?? null,
    new: activity?.new_value ?? null,
    actor: activity?.actor?.id ?? null,
    updatedAt: data.updated_at ?? '',
    late: {
      state: data.state === null || data.state === undefined ? null : { id: data.state.id, name: data.state.name },
      labels:
        data.labels === null || data.labels === undefined
          ? null
          : new Map(data.labels.map(({ id, name }) => [id, name])),
    },
  };
}
