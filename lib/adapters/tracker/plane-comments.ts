import { ExternalError } from '../../base/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Comment, TrackerPort } from '../../ports/tracker.ts';
import { htmlText } from './html-text.ts';
import { type PlaneClient, parsed } from './plane-client.ts';
import { PlaneComment, PlaneWritten } from './plane-schema.ts';

/** Marks every comment of ours. spec: H-CMT-10 */
export const EXTERNAL_SOURCE = 'conveyor';

type Written = Parameters<TrackerPort['upsertComment']>[1];

const externalId = (comment: PlaneComment): string | null =>
  comment.external_source === EXTERNAL_SOURCE ? (comment.external_id ?? null) : null;

const path = (issue: string): string => `project/work-items/${encodeURIComponent(issue)}/comments/`;

/** Comments of an issue, oldest first (Plane lists them newest first and ignores order_by). [077] */
export async function listPlaneComments(client: PlaneClient, issue: string): Promise<readonly Comment[]> {
  const rows = (await client.list(path(issue), PlaneComment)) ?? [];
  return rows
    .map((row) => ({
      id: row.id,
      at: row.created_at,
      actor: row.actor ?? row.created_by ?? '',
      text: htmlText(row.comment_html ?? ''),
      externalId: externalId(row),
    }))
    .reverse();
}

/**
 * Exactly one comment per external id: looked up first and left alone when equal, else updated, else created; a 409
 * names the comment that another writer made meanwhile, which is updated. A role's key is only the author of a new
 * comment; refused (403) → shared key and one warning. Throws TRACKER_GONE for a missing issue. spec: H-CMT-10, RL-PLN-3
 */
export function createCommentUpsert(
  shared: PlaneClient,
  roles: ReadonlyMap<string, PlaneClient>,
  log: Log,
): (issue: string, comment: Written) => Promise<{ readonly id: string }> {
  let warned = false;

  const update = async (issue: string, id: string, html: string): Promise<boolean> => {
    const answer = await shared.write(
      'PATCH',
      `${path(issue)}${encodeURIComponent(id)}/`,
      { comment_html: html },
      [200, 404],
    );
    return answer.status === 200;
  };

  const create = async (issue: string, comment: Written): Promise<{ readonly id: string; readonly mine: boolean }> => {
    const body = { comment_html: comment.html, external_source: EXTERNAL_SOURCE, external_id: comment.externalId };
    const own = roles.get(comment.role);
    let answer = own === undefined ? null : await own.write('POST', path(issue), body, [201, 400, 404, 409, 401, 403]);
    if (answer === null || answer.status === 401 || answer.status === 403) {
      if (answer !== null && !warned) {
        warned = true;
        log.warn(
          `Plane refused the key of role ${comment.role} (${answer.status}): its comments are written with the shared key`,
        );
      }
      answer = await shared.write('POST', path(issue), body, [201, 400, 404, 409]);
    }
    // Plane says 400, not 404, for a comment on an item that is not there. [082]
    if (answer.status === 404 || (answer.status === 400 && (await isGone(shared, issue))))
      throw new ExternalError(
        'TRACKER_GONE',
        `Plane has no issue ${issue}: the comment ${comment.externalId} is not written`,
        { retryable: false, status: 404 },
      );
    if (answer.status === 400)
      throw new ExternalError('TRACKER_FAILED', `Plane refused the comment ${comment.externalId} with 400`, {
        retryable: false,
        status: 400,
      });
    return { id: parsed(PlaneWritten, answer.body, path(issue)).id, mine: answer.status === 201 };
  };

  return async (issue, comment) => {
    const rows = (await shared.list(path(issue), PlaneComment)) ?? [];
    // The oldest one: Plane's check is not atomic, so two writers may have made two.
    const have = rows.findLast((row) => externalId(row) === comment.externalId);
    if (have !== undefined && have.comment_html === comment.html) return { id: have.id };
    if (have !== undefined && (await update(issue, have.id, comment.html))) return { id: have.id };
    const made = await create(issue, comment);
    if (!made.mine && !(await update(issue, made.id, comment.html)))
      throw new ExternalError(
        'TRACKER_FAILED',
        `Plane names comment ${made.id} for ${comment.externalId} but does not have it`,
        { retryable: true },
      );
    return { id: made.id };
  };
}

async function isGone(client: PlaneClient, issue: string): Promise<boolean> {
  return (await client.get(`project/work-items/${encodeURIComponent(issue)}/?fields=id`, PlaneWritten)) === null;
}
