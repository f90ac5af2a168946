import { appendFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addComment, createFileTracker, createIssue, moveIssue } from './file.ts';

const AT = new Date('2026-05-04T10:00:00Z');
const clock = { now: () => AT, sleep: async () => {} };

async function startFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-tracker-'));
  return {
    folder,
    tracker: createFileTracker({ folder, clock }),
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true }),
  };
}
const issue = { title: 'GPX upload', description: 'line one\nline two: "x"\n' };

describe('file tracker', () => {
  it('an issue is one YAML file that people can read and edit', async () => {
    await using board = await startFolder();
    const id = await createIssue(board.folder, { ...issue, labels: ['Bug'] }, 'ada', AT);
    const path = join(board.folder, `${id}.yml`);
    const text = await readFile(path, 'utf8');
    expect(text).toContain('title: GPX upload\nlabels:\n  - Bug\n');
    await writeFile(path, text.replace('GPX upload', 'GPX import'));
    expect((await board.tracker.getIssue(id))?.title).toBe('GPX import');
  });

  it('twenty people at once get twenty numbers and nothing is left over', async () => {
    await using board = await startFolder();
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => await createIssue(board.folder, issue, 'ada')),
    );
    expect(ids.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect((await readdir(board.folder)).filter((name) => !name.endsWith('.yml'))).toEqual([]);
  });

  it('under a clock that stands still every change is later than the one before', async () => {
    await using board = await startFolder();
    const a = await createIssue(board.folder, issue, 'ada', AT);
    const b = await createIssue(board.folder, issue, 'ada', AT);
    const mark = (await board.tracker.listUpdated(null))[0]?.updatedAt ?? '';
    await moveIssue(board.folder, a, 'todo', 'ada', AT);
    expect((await board.tracker.listUpdated(mark)).map(({ id }) => id)).toEqual([a]);
    await addComment(board.folder, b, 'x', 'ada', AT);
    expect((await board.tracker.listUpdated(mark)).map(({ id }) => id)).toEqual([b, a]);
  });

  it('a line torn by a crash is skipped and the next one stands apart from it', async () => {
    await using board = await startFolder();
    const id = await createIssue(board.folder, issue, 'ada');
    await moveIssue(board.folder, id, 'todo', 'ada');
    await appendFile(join(board.folder, `${id}.history.ndjson`), '\n{"id":"x","at":"2026');
    await moveIssue(board.folder, id, 'to_analyse', 'ada');
    expect((await board.tracker.listStateRows(id)).map((row) => row.to)).toEqual(['backlog', 'todo', 'to_analyse']);
  });

  it.each([
    ['not YAML', 'title: [', /cannot be read as an issue/],
    ['another shape', 'title: 1\n', /title/],
    ['an unknown key', "title: x\ncreated: {at: '2026-05-04T10:00:00Z', by: a, status: todo}\nprio: 1\n", /prio/],
    ['an unknown status', "title: x\ncreated: {at: '2026-05-04T10:00:00Z', by: a, status: nope}\n", /created\.status/],
  ])('PL-Q-3: %s is an error that names the file, never an empty issue', async (_, text, message) => {
    await using board = await startFolder();
    await writeFile(join(board.folder, '1.yml'), text);
    const failure = {
      name: 'ExternalError',
      code: 'TRACKER_FILE',
      message: expect.stringMatching(message),
      detail: { retryable: false },
    };
    await expect(board.tracker.getIssue('1')).rejects.toMatchObject(failure);
    await expect(board.tracker.listUpdated(null)).rejects.toMatchObject(failure);
  });

  it('a history line with an unknown status is an error', async () => {
    await using board = await startFolder();
    const id = await createIssue(board.folder, issue, 'ada');
    await appendFile(
      join(board.folder, `${id}.history.ndjson`),
      '{"id":"x","at":"2026-05-04T10:00:00Z","actor":"a","from":"todo","to":"nope"}\n',
    );
    await expect(board.tracker.listStateRows(id)).rejects.toMatchObject({ code: 'TRACKER_FILE' });
  });

  it('a folder that is not there is an error, not an empty board', async () => {
    const tracker = createFileTracker({ folder: join(tmpdir(), 'conveyor-no-such-folder'), clock });
    await expect(tracker.listUpdated(null)).rejects.toMatchObject({ code: 'TRACKER_FILE' });
  });

  it.each(['../1', '0', '', '1/../1', 'one'])('an id that is no number (%j) is no issue', async (id) => {
    await using board = await startFolder();
    await createIssue(board.folder, issue, 'ada');
    expect(await board.tracker.getIssue(id)).toBeNull();
    await expect(moveIssue(board.folder, id, 'todo', 'ada')).rejects.toMatchObject({ code: 'TRACKER_GONE' });
  });

  it('moving to the status it has makes no row', async () => {
    await using board = await startFolder();
    const id = await createIssue(board.folder, { ...issue, status: 'to_analyse' }, 'ada');
    expect(await moveIssue(board.folder, id, 'to_analyse', 'ada')).toBe('unchanged');
    expect(await board.tracker.listStateRows(id)).toHaveLength(1);
  });
});
