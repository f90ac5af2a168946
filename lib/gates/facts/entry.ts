import { ExternalError } from '../../base/errors.ts';
import type { Config } from '../../pipeline/config.ts';
import type { TrackerPort } from '../../ports/tracker.ts';
import type { EntryFacts } from '../entry.ts';
import { textLength } from '../entry.ts';
import { observe } from './observe.ts';

export interface EntrySubject {
  readonly issue: string;
  /** What the event carried; events carry only changed fields. */
  readonly title: string | null;
  readonly description: string | null;
}

/** A title shorter than this cannot be the whole one. */
const PLACEHOLDER = 3;

/** The event's own texts when they suffice, else one read of the issue; the longer description wins. spec: G-ENT */
export async function loadEntryFacts(
  ports: { readonly tracker: Pick<TrackerPort, 'getIssue'> },
  subject: EntrySubject,
  config: Pick<Config['entry'], 'description_min'>,
): Promise<EntryFacts> {
  const { title, description } = subject;
  const titleCarried = title !== null && textLength(title) >= PLACEHOLDER && title.trim().toLowerCase() !== 'untitled';
  if (titleCarried && description !== null && textLength(description) >= config.description_min)
    return { kind: 'read', value: { title, description } };
  return observe(async () => {
    const issue = await ports.tracker.getIssue(subject.issue);
    if (issue === null)
      throw new ExternalError('TRACKER_GONE', `issue ${subject.issue} is not there`, { retryable: false });
    const carried = description ?? '';
    return {
      title: titleCarried ? title : issue.title,
      description: textLength(carried) > textLength(issue.description) ? carried : issue.description,
    };
  });
}
