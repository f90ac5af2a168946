import { afterAll, describe, expect, it } from 'vitest';
import { ExternalError } from '../../lib/base/errors.ts';
import type { ForgePort, Pull, Run } from '../../lib/ports/forge.ts';
import type { Sha } from '../../lib/ports/git.ts';

/** One repository on a forge and what people do around the port. */
export interface ForgeFixture extends AsyncDisposable {
  readonly forge: ForgePort;
  /** File of a workflow that takes the inputs `item` and `token` and whose run name is `<item> · <token>`. */
  readonly workflow: string;
  /** Commits files on a branch, which is created from the default branch when it is not there; answers the commit. */
  push(branch: string, files: Readonly<Record<string, string>>): Promise<Sha>;
  head(branch: string): Promise<Sha>;
  commitMessage(sha: Sha): Promise<string>;
  comments(pull: number): Promise<readonly { readonly id: number; readonly body: string }[]>;
  /** A comment by somebody who is not us. */
  commentAsOther(pull: number, body: string): Promise<void>;
}

const UNKNOWN = 'f'.repeat(40);

/** What every forge must do, seen through its port only. */
export function forgeContract(name: string, start: () => Promise<ForgeFixture>): void {
  describe(`forge contract: ${name}`, () => {
    const fixture = start();
    afterAll(async () => await (await fixture)[Symbol.asyncDispose]());
    let count = 0;
    const fresh = (word: string) => `${word}-${(count += 1)}`;
    const branch = async (forge: ForgeFixture, label: string) => {
      const head = `feature/${fresh(label)}`;
      return { head, sha: await forge.push(head, { [`${head.replaceAll('/', '-')}.txt`]: `${label}\n` }) };
    };
    const open = async (forge: ForgeFixture, label: string): Promise<Pull> => {
      const { head } = await branch(forge, label);
      return forge.forge.openPull({ head, base: 'main', title: `ET-1: ${label}`, body: 'body' });
    };
    /** A fresh pull request is still being checked: both answers of that time are "again". spec: D-L-4 */
    const merge = async (forge: ForgePort, pull: Pull, headSha: Sha, style: 'merge' | 'squash' = 'merge') => {
      for (let tries = 0; ; tries += 1) {
        const answer = await forge.mergePull(pull.number, {
          headSha,
          style,
          title: 'ET-1: our title',
          message: 'our text',
        });
        const again = answer.status >= 500 || (answer.status === 405 && answer.text.includes('try again later'));
        if (!again || tries === 40) return answer;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    };

    it('knows its page and its default branch', async () => {
      const { forge } = await fixture;
      expect(forge.webUrl).toMatch(/[^/]$/);
      expect(forge.defaultBranch).toBe('main');
    });

    it('a dispatched run is found by the token in its name and by its commit', async () => {
      const { forge, workflow, head } = await fixture;
      const token = fresh('k3v9q2m7');
      const { runId } = await forge.dispatch(workflow, { item: 'ET-12', token });
      const found = await forge.findRuns(token);
      expect(found).toHaveLength(1);
      const [run] = found as [Run];
      expect(run).toMatchObject({ title: `ET-12 · ${token}`, workflow, sha: await head('main') });
      expect(['queued', 'running', 'success']).toContain(run.state);
      if (runId !== null) expect(run.id).toBe(runId);
      expect(await forge.getRun(run.id)).toMatchObject({ id: run.id, title: run.title });
      expect((await forge.listRuns(run.sha)).map(({ id }) => id)).toContain(run.id);
    });

    it('two dispatches of one workflow on one ref are two runs, the newest first', async () => {
      const { forge, workflow } = await fixture;
      const token = fresh('twice');
      await forge.dispatch(workflow, { item: 'ET-1', token: `${token}-a` });
      await forge.dispatch(workflow, { item: 'ET-2', token: `${token}-b` });
      expect((await forge.findRuns(token)).map(({ title }) => title)).toEqual([
        `ET-2 · ${token}-b`,
        `ET-1 · ${token}-a`,
      ]);
    });

    it('what is not there: no run by token, no run by id, no run of a commit', async () => {
      const { forge } = await fixture;
      expect(await forge.findRuns('no-such-token')).toEqual([]);
      expect(await forge.getRun(987_654_321)).toBeNull();
      expect(await forge.listRuns(UNKNOWN)).toEqual([]);
    });

    it('a workflow that does not exist is an error with a status', async () => {
      const { forge } = await fixture;
      const error = await forge.dispatch('no-such.yml', {}).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ExternalError);
      expect((error as ExternalError).detail).toMatchObject({ retryable: false, status: 404 });
    });

    it('G-STA: statuses are the newest row per context, with description and address', async () => {
      const target = await fixture;
      const { sha } = await branch(target, 'status');
      const post = (
        context: string,
        state: 'pending' | 'success' | 'failure',
        description: string,
        targetUrl: string | null,
      ) => target.forge.setStatus(sha, { context, state, description, targetUrl });
      await post('conveyor/review', 'pending', 'running', null);
      await post('ci/test', 'success', 'green', 'https://ci.example.test/1');
      await post('conveyor/review', 'failure', 'fail · REVIEW_CHANGES · ✗', null);
      const rows = (await target.forge.listStatuses(sha)) ?? [];
      expect(rows.toSorted((a, b) => (a.context < b.context ? -1 : 1))).toMatchObject([
        { context: 'ci/test', state: 'success', description: 'green', targetUrl: 'https://ci.example.test/1' },
        { context: 'conveyor/review', state: 'failure', description: 'fail · REVIEW_CHANGES · ✗', targetUrl: null },
      ]);
      expect(rows).toHaveLength(2);
      // Where the forge tells a time it is one.
      for (const { updatedAt } of rows)
        expect(updatedAt ?? new Date(0).toISOString()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    });

    it('G-CI-1: statuses beyond one page are all there', async () => {
      const target = await fixture;
      const { sha } = await branch(target, 'pages');
      for (let index = 0; index < 61; index += 1)
        await target.forge.setStatus(sha, {
          context: `ci/${index}`,
          state: 'success',
          description: '',
          targetUrl: null,
        });
      const rows = (await target.forge.listStatuses(sha)) ?? [];
      expect(new Set(rows.map(({ context }) => context)).size).toBe(61);
      expect(rows).toHaveLength(61);
    });

    it('a commit without statuses has none, an unknown commit is null', async () => {
      const target = await fixture;
      const { sha } = await branch(target, 'bare');
      expect(await target.forge.listStatuses(sha)).toEqual([]);
      expect(await target.forge.listStatuses(UNKNOWN)).toBeNull();
    });

    it('an unprotected or missing branch requires nothing', async () => {
      const { forge } = await fixture;
      expect(await forge.requiredContexts('feature/none')).toEqual([]);
    });

    it('D-L-3: a pull request is found by head and base only while it is open', async () => {
      const target = await fixture;
      const { head, sha } = await branch(target, 'find');
      expect(await target.forge.findPull(head, 'main')).toBeNull();
      const opened = await target.forge.openPull({ head, base: 'main', title: 'ET-1: find', body: 'text' });
      expect(opened).toMatchObject({
        head,
        base: 'main',
        headSha: sha,
        title: 'ET-1: find',
        state: 'open',
        merged: false,
        mergeCommit: null,
      });
      expect(await target.forge.findPull(head, 'main')).toMatchObject({ number: opened.number, headSha: sha });
      expect(await target.forge.findPull(head, 'other')).toBeNull();
      expect(await target.forge.findPull(head.slice(0, -1), 'main')).toBeNull();
      expect(await target.forge.getPull(opened.number)).toMatchObject({
        number: opened.number,
        headSha: sha,
        mergeable: true,
      });
      await target.forge.closePull(opened.number);
      expect(await target.forge.findPull(head, 'main')).toBeNull();
      expect(await target.forge.getPull(opened.number)).toMatchObject({ state: 'closed', merged: false });
    });

    it('D-L-3: a second pull request for the same branches is refused with 409', async () => {
      const target = await fixture;
      const { head } = await open(target, 'second');
      const error = await target.forge
        .openPull({ head, base: 'main', title: 'ET-1: again', body: '' })
        .catch((thrown: unknown) => thrown);
      expect((error as ExternalError).detail).toMatchObject({ status: 409, retryable: false });
    });

    it('a pull request that does not exist is null', async () => {
      const { forge } = await fixture;
      expect(await forge.getPull(987_654)).toBeNull();
    });

    it('D-L-4: a merge with another head is refused and merges nothing', async () => {
      const target = await fixture;
      const pull = await open(target, 'stale');
      await target.forge.getPull(pull.number);
      const answer = await merge(target.forge, pull, await target.head('main'));
      expect(answer.status).toBe(409);
      expect(answer.text).toContain('head out of date');
      expect(await target.forge.getPull(pull.number)).toMatchObject({ state: 'open', merged: false });
    });

    it('D-L-4: a merge with the right head lands under our title and names its commit', async () => {
      const target = await fixture;
      for (const style of ['merge', 'squash'] as const) {
        const pull = await open(target, style);
        expect(await merge(target.forge, pull, pull.headSha, style)).toMatchObject({ status: 200 });
        const merged = await target.forge.getPull(pull.number);
        expect(merged).toMatchObject({ state: 'closed', merged: true, mergeable: null });
        expect(merged?.mergeCommit).toBe(await target.head('main'));
        expect((await target.commitMessage(merged?.mergeCommit ?? '')).split('\n')[0]).toBe('ET-1: our title');
        const again = await merge(target.forge, pull, pull.headSha, style);
        expect(again.status, 'merged twice').not.toBe(200);
      }
    });

    it('D-L-4: a closed pull request does not merge', async () => {
      const target = await fixture;
      const pull = await open(target, 'closed');
      await target.forge.closePull(pull.number);
      expect((await merge(target.forge, pull, pull.headSha)).status).toBe(404);
    });

    it('D-L-4: a pull request in conflict is not mergeable', async () => {
      const target = await fixture;
      const path = `${fresh('conflict')}.txt`;
      await target.push('main', { [path]: 'base\n' });
      const head = `feature/${fresh('conflict')}`;
      await target.push(head, { [path]: 'theirs\n' });
      await target.push('main', { [path]: 'ours\n' });
      const pull = await target.forge.openPull({ head, base: 'main', title: 'ET-1: conflict', body: '' });
      expect((await target.forge.getPull(pull.number))?.mergeable).toBe(false);
    });

    it('H-FUI-4: one comment of ours per marker, updated in place; the same marker by somebody else is left alone', async () => {
      const target = await fixture;
      const { number } = await open(target, 'comment');
      const marker = '<!-- conveyor:status ET-1 -->';
      await target.commentAsOther(number, `${marker}\nnot ours`);
      const first = await target.forge.upsertPullComment(number, marker, 'one');
      const second = await target.forge.upsertPullComment(number, marker, `${marker}\ntwo`);
      expect(second.id).toBe(first.id);
      const other = await target.forge.upsertPullComment(number, '<!-- conveyor:status ET-2 -->', 'of another item');
      expect(other.id).not.toBe(first.id);
      const bodies = (await target.comments(number)).map(({ body }) => body);
      expect(bodies).toEqual([
        `${marker}\nnot ours`,
        `${marker}\ntwo`,
        '<!-- conveyor:status ET-2 -->\nof another item',
      ]);
    });
  });
}
