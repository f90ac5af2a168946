import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addComment, createFileTracker, createIssue, moveIssue } from '../../lib/adapters/tracker/file.ts';
import { trackerContract } from './tracker.contract.ts';

trackerContract('file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-tracker-'));
  const clock = { now: () => new Date(), sleep: async () => {} };
  return {
    tracker: createFileTracker({ folder, clock }),
    person: 'ada',
    create: async (issue) => await createIssue(folder, issue, 'ada'),
    move: async (id, key) => void (await moveIssue(folder, id, key, 'ada')),
    comment: async (id, text) => void (await addComment(folder, id, text, 'ada')),
    remove: async (id) => await rm(join(folder, `${id}.yml`)),
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true }),
  };
});
