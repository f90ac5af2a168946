import { z } from 'zod';

/** The fields of Plane's answers that are read; everything else in them is left alone. */
// A group of a newer Plane (its triage) is not terminal and starts nothing: the same as backlog.
const stateGroup = z.enum(['backlog', 'unstarted', 'started', 'completed', 'cancelled']).catch('backlog');

export const PlaneState = z.object({ id: z.string(), name: z.string(), group: stateGroup });

export const PlaneLabel = z.object({ id: z.string(), name: z.string() });

/** Asked for with expand=state. */
export const PlaneIssue = z.object({
  id: z.string(),
  sequence_id: z.int().nullish(),
  name: z.string(),
  description_stripped: z.string().nullish(),
  description_html: z.string().nullish(),
  state: PlaneState,
  labels: z.array(z.string()),
  updated_at: z.string(),
});
export type PlaneIssue = z.infer<typeof PlaneIssue>;

export const PlaneActivity = z.object({
  id: z.string(),
  created_at: z.string(),
  verb: z.string(),
  field: z.string().nullable(),
  old_identifier: z.string().nullish(),
  new_identifier: z.string().nullish(),
  actor: z.string().nullish(),
});
export type PlaneActivity = z.infer<typeof PlaneActivity>;

export const PlaneComment = z.object({
  id: z.string(),
  created_at: z.string(),
  comment_html: z.string().nullish(),
  external_source: z.string().nullish(),
  external_id: z.string().nullish(),
  actor: z.string().nullish(),
  created_by: z.string().nullish(),
});
export type PlaneComment = z.infer<typeof PlaneComment>;

export const PlaneUser = z.object({ id: z.string() });

/** Project members carry no role in 1.3.1, workspace members do. */
export const PlaneMember = z.object({ id: z.string(), role: z.int().nullish() });

export const PlaneWritten = z.object({ id: z.string() });
export const PlaneStateWritten = z.object({ state: z.string() });

export const PlanePage = z.object({
  next_cursor: z.string(),
  next_page_results: z.boolean(),
  results: z.array(z.unknown()),
});
