import { ConfigError } from '../base/errors.ts';
import { parseWorkItemId } from '../base/ids.ts';
import { GESTURES, type Gesture, type GestureAction } from '../pipeline/events.ts';
import type { Answer } from '../pipeline/events.ts';
import { type Desk, feed } from './feed.ts';

const REASON_REQUIRED: readonly GestureAction[] = ['cancel'];

/** A person's command through the forge; a refusal names the rule. Doing it twice is a no-op that says so. spec: pipeline §3.4 */
export async function control(
  desk: Desk,
  input: { command: string; item: string; reason: string; by: string },
): Promise<Answer> {
  const command = GESTURES.find((gesture) => gesture === input.command && gesture !== 'confirm');
  if (command === undefined)
    throw new ConfigError(
      'COMMAND_UNKNOWN',
      `"${input.command}" is no command: use one of ${GESTURES.filter((gesture) => gesture !== 'confirm').join(', ')}.`,
    );
  if (REASON_REQUIRED.includes(command) && input.reason.trim() === '')
    throw new ConfigError('REASON_MISSING', `${command} needs a reason: fill in the field "reason".`);
  return gesture(desk, command, input.item, { reason: input.reason.trim() || null, by: input.by, digest: null });
}

/** A person confirms the deploy of exactly one digest. spec: delivery §6 B */
export async function confirmDeploy(desk: Desk, input: { item: string; digest: string; by: string }): Promise<Answer> {
  if (!/^(sha256:)?[0-9a-f]{12,64}$/i.test(input.digest))
    throw new ConfigError(
      'DIGEST_INVALID',
      `"${input.digest.slice(0, 80)}" is not a digest: give at least 12 of its hex digits, as the request shows them.`,
    );
  return gesture(desk, 'confirm', input.item, { reason: null, by: input.by, digest: input.digest });
}

async function gesture(
  desk: Desk,
  action: GestureAction,
  item: string,
  words: { reason: string | null; by: string; digest: string | null },
): Promise<Answer> {
  if (parseWorkItemId(item) === null)
    throw new ConfigError('ITEM_INVALID', `"${item.slice(0, 80)}" is not the id of a work item, such as ET-12.`);
  const event: Gesture = {
    type: 'gesture',
    action,
    item,
    issue: null,
    row: null,
    by: words.by,
    via: 'dispatch',
    reason: words.reason,
    digest: words.digest,
    entry: null,
    archived: null,
    known: [],
  };
  const result = await feed(desk, () => [event]);
  const answer = result.decision.answers.find((candidate) => candidate.event === action);
  if (answer === undefined) throw new TypeError('the decision gave no answer');
  return answer;
}
