import { afterAll, describe, expect, it } from 'vitest';
import { STATUS_KEYS, type StatusKey } from '../../lib/pipeline/stages.ts';
import type { TrackerPort } from '../../lib/ports/tracker.ts';

/** One tracker with an empty project, and the hands of people on its board. */
export interface TrackerHarness extends AsyncDisposable {
  readonly tracker: TrackerPort;
  /** Account id of a person with full rights. */
  readonly person: string;
  create(issue: {
    readonly title: string;
    readonly description: string;
    readonly labels?: readonly string[];
    readonly status?: StatusKey;
  }): Promise<string>;
  move(id: string, key: StatusKey): Promise<void>;
  comment(id: string, text: string): Promise<void>;
  remove(id: string): Promise<void>;
}

/** What every tracker must do, seen through its port only. */
export function trackerContract(name: string, start: () => Promise<TrackerHarness>): void {
  describe(`tracker contract: ${name}`, () => {
    const harness = start();
    afterAll(async () => await (await harness)[Symbol.asyncDispose]());
    const make = async (status: StatusKey = 'backlog', labels: readonly string[] = []) => {
      const board = await harness;
      const id = await board.create({
        title: 'GPX upload',
        description: 'Upload  a GPX\nfile & show it',
        labels,
        status,
      });
      return { ...board, id };
    };
    const status = async (tracker: TrackerPort, id: string) => (await tracker.getIssue(id))?.state.key;

    it('PL-Q-1: an issue is read with its title, plain text, number, status and labels', async () => {
      const { tracker, id } = await make('to_analyse', ['Bug']);
      expect(await tracker.getIssue(id)).toMatchObject({
        id,
        title: 'GPX upload',
        description: 'Upload a GPX file & show it',
        sequence: expect.any(Number),
        state: { key: 'to_analyse', name: 'To Analyse', group: 'unstarted' },
        labels: ['Bug'],
      });
    });

    it('RL-PLN-2: an issue without labels has an empty list, not an unknown one', async () => {
      const { tracker, id } = await make();
      expect((await tracker.getIssue(id))?.labels).toEqual([]);
    });

    it('RL-PLN-8: an issue that is not there is null for reads and gone for a status', async () => {
      const { tracker, id, remove } = await make();
      await remove(id);
      expect(await tracker.getIssue(id)).toBeNull();
      expect(await tracker.setStatus(id, 'analysis')).toBe('gone');
    });

    it('H-CMT-10: a comment for an issue that is not there is an error, never a success', async () => {
      const { tracker, id, remove } = await make();
      await remove(id);
      await expect(
        tracker.upsertComment(id, { externalId: `${id}/held/review/1`, html: '<p>x</p>', role: 'stream' }),
      ).rejects.toMatchObject({
        name: 'ExternalError',
        code: 'TRACKER_GONE',
        detail: { retryable: false },
      });
    });

    it('RL-PLN-4: a status is written once; equal is unchanged and makes no row', async () => {
      const { tracker, id } = await make('to_analyse');
      expect(await tracker.setStatus(id, 'analysis')).toBe('ok');
      const rows = (await tracker.listStateRows(id)).length;
      expect(await tracker.setStatus(id, 'analysis')).toBe('unchanged');
      expect(await status(tracker, id)).toBe('analysis');
      expect((await tracker.listStateRows(id)).length).toBe(rows);
    });

    it.each(['confirm_deploy', 'stop', 'estimate', 'rejected', 'todo'] as const)(
      'PL-B-3: %s is a gesture of people and never written',
      async (key) => {
        const { tracker, id } = await make('in_review');
        expect(await tracker.setStatus(id, key)).toBe('skipped');
        expect(await status(tracker, id)).toBe('in_review');
      },
    );

    it('PL-B-1: a whole board has every status', async () => {
      const { tracker } = await harness;
      const answers = await Promise.all(STATUS_KEYS.map(async (key) => await tracker.hasStatus(key)));
      expect(answers).toEqual(STATUS_KEYS.map(() => true));
    });

    it('PL-E-4: state rows say who moved what, oldest first, the creation included', async () => {
      const { tracker, id, move, person } = await make('backlog');
      await move(id, 'to_analyse');
      await tracker.setStatus(id, 'analysis');
      const rows = await tracker.listStateRows(id);
      expect(rows.map(({ from, to }) => [from, to])).toEqual([
        [null, 'backlog'],
        ['backlog', 'to_analyse'],
        ['to_analyse', 'analysis'],
      ]);
      const own = await tracker.ownActors();
      expect(rows.map((row) => own.has(row.actor))).toEqual([false, false, true]);
      expect(rows[1]?.actor).toBe(person);
      expect(new Set(rows.map((row) => row.id)).size).toBe(3);
    });

    it('RL-RLY-12: an issue made directly in a status has that status as its first row', async () => {
      const { tracker, id } = await make('to_analyse');
      expect((await tracker.listStateRows(id)).map((row) => row.to)).toEqual(['to_analyse']);
    });

    it('H-CMT-9: comments are plain text, oldest first, ours apart from the ones of people', async () => {
      const { tracker, id, comment, person } = await make();
      await comment(id, 'first');
      await tracker.upsertComment(id, {
        externalId: `${id}/started/analysis/1`,
        html: '<p>🔍 A &amp; B<br>two</p>',
        role: 'analyst',
      });
      await comment(id, 'third');
      const comments = await tracker.listComments(id);
      expect(comments.map(({ text, externalId }) => [text, externalId])).toEqual([
        ['first', null],
        ['🔍 A & B two', `${id}/started/analysis/1`],
        ['third', null],
      ]);
      const own = await tracker.ownActors();
      expect(comments.map((row) => own.has(row.actor))).toEqual([false, true, false]);
      expect(comments[0]?.actor).toBe(person);
    });

    it('H-CMT-10: one comment per external id, created once, updated when different', async () => {
      const { tracker, id } = await make();
      const write = async (html: string, kind = 'held') =>
        await tracker.upsertComment(id, { externalId: `${id}/${kind}/review/1`, html, role: 'stream' });
      const first = await write('<p>one</p>');
      expect(await write('<p>one</p>')).toEqual(first);
      expect(await write('<p>two</p>')).toEqual(first);
      expect(await write('<p>other</p>', 'gate_failed')).not.toEqual(first);
      expect((await tracker.listComments(id)).map((row) => row.text)).toEqual(['two', 'other']);
    });

    it('H-CMT-10: ten writers of one external id at once leave one comment', async () => {
      const { tracker, id } = await make();
      const comment = { externalId: `${id}/held/testing/1`, html: '<p>same</p>', role: 'stream' };
      const ids = await Promise.all(
        Array.from({ length: 10 }, async () => (await tracker.upsertComment(id, comment)).id),
      );
      expect(new Set(ids).size).toBe(1);
      expect(await tracker.listComments(id)).toHaveLength(1);
    });

    it('RL-PLN-8: changed issues come newest first, those at the mark and before it do not', async () => {
      const { tracker, id: older, move, comment } = await make();
      const { id: newer } = await make();
      await move(older, 'todo');
      const list = await tracker.listUpdated(null);
      expect(list.slice(0, 2).map((issue) => issue.id)).toEqual([older, newer]);
      const mark = list[0]?.updatedAt ?? '';
      expect(await tracker.listUpdated(mark)).toEqual([]);
      await comment(newer, 'here');
      expect((await tracker.listUpdated(mark)).map((issue) => issue.id)).toEqual([newer]);
    });

    it('RL-RLY-14: a person of the project has a role, a stranger has none', async () => {
      const { tracker, person } = await harness;
      expect(await tracker.memberRole(person)).toBeGreaterThanOrEqual(15);
      expect(await tracker.memberRole('')).toBeNull();
    });
  });
}
