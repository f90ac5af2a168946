import { STATUS_NAMES } from '../../lib/pipeline/status-names.ts';
import { startPlaneTracker } from '../support/plane-server/tracker.ts';
import { trackerContract } from './tracker.contract.ts';

const html = (text: string): string => `<p>${text.replaceAll('&', '&amp;')}</p>`;

trackerContract('plane', async () => {
  const { plane, tracker } = await startPlaneTracker();
  return {
    tracker,
    person: plane.people.ada.id,
    create: async ({ title, description, labels, status }) =>
      plane.createIssue({
        name: title,
        description: html(description),
        state: STATUS_NAMES[status ?? 'backlog'][0],
        ...(labels && { labels }),
      }).id,
    move: async (id, key) => plane.moveIssue('ada', id, STATUS_NAMES[key][0]),
    comment: async (id, text) => void plane.addComment('ada', id, html(text)),
    remove: async (id) => plane.deleteIssue(id),
    [Symbol.asyncDispose]: async () => await plane[Symbol.asyncDispose](),
  };
});
