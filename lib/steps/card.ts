import { itemAhead } from '../pipeline/queue.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import { renderCard } from '../report/card.ts';
import { cardOfItem } from '../report/card-of-item.ts';
import { pullLink } from '../report/links.ts';
import type { TrackerPort } from '../ports/tracker.ts';
import type { Session } from './engine.ts';
import { repositoryPage } from './page.ts';

/** The chat card of an item as HTML, secrets removed before anything is cut. spec: people §2.1, H-CMT-14 */
export function renderItemCard(
  session: Session,
  tracker: Pick<TrackerPort, 'issueUrl'>,
  snapshot: Snapshot,
  item: ItemState,
): string {
  const { redact, clock } = session.engine;
  const { hold } = item;
  const safe = {
    ...item,
    title: redact(item.title),
    hold: hold === null ? null : { ...hold, text: redact(hold.text) },
  };
  const card = cardOfItem(safe, {
    now: clock.now(),
    url: tracker.issueUrl({ id: item.issue }),
    pullUrl: item.pull === null ? null : pullLink(repositoryPage(session), item.pull),
    behind: itemAhead(snapshot.items, session.config, item)?.id ?? null,
  });
  return redact(renderCard(card));
}
