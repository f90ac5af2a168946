import { describe, expect, it } from 'vitest';
import { createLedgerFixture, startGesture, testConfig } from '../../tests/support/ledger.ts';
import { renderBusinessRequest } from '../artifacts/business-request.ts';
import type { PipelineEvent } from '../pipeline/events.ts';
import { hold } from '../pipeline/verdict.ts';
import type { LedgerPorts } from './store.ts';
import { loadLedger } from './store.ts';
import { transact } from './transact.ts';

const config = testConfig();
const author = { name: 'Ada', email: 'ada@example.test' };
const REQUEST = 'docs/work-items/ET-1/00-business-request.md';

const feed = (ports: LedgerPorts, event: PipelineEvent) =>
  transact(ports, {
    events: () => [event],
    config,
    configCommit: null,
    run: 'w',
    limits: { attempts: 5 },
    businessRequest: (item) =>
      renderBusinessRequest({ item: item.id, title: item.title, description: item.description }),
  });

/** An item whose analyst asked something. */
async function asked(ports: LedgerPorts) {
  await feed(ports, startGesture(1));
  const { token } = (await loadLedger(ports)).snapshot.items.get('ET-1')!;
  const questions = hold({ gate: 'analysis-complete', code: 'ANALYSIS_QUESTIONS', text: 'questions' });
  const { snapshot } = await feed(ports, {
    type: 'stage.landed',
    item: 'ET-1',
    token: token!,
    run: 'r1',
    outcome: { class: 'ok', cause: null, text: '', seconds: 1, usage: null, costUsd: null },
    verdicts: [questions],
    head: null,
    reports: {},
    package: null,
    message: 'Which tracks?',
    validated: null,
    mergeCommit: null,
  });
  return snapshot.items.get('ET-1')!;
}
const answer = (minute: number, reason: string | null) =>
  startGesture(1, { reason, row: { id: `answer-${minute}`, at: `2026-01-20T11:${minute}:00.000Z` } });

describe('people answer', () => {
  it('AR-Q-3, AG-BRF-2: the answer is in 00-business-request.md of the head that the decision dispatches, in one push', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    const before = await asked(ports);
    expect(before.hold?.code).toBe('questions');
    const { snapshot } = await feed(ports, answer(10, 'Only own tracks.\n# really'));
    const item = snapshot.items.get('ET-1')!;
    expect(item).toMatchObject({ stage: 'analysis', activity: 'dispatched' });
    const view = await loadLedger(fixture.first, [`refs/heads/${item.branch}`]);
    expect(view.refs.get(`refs/heads/${item.branch}`)).toBe(item.head);
    expect(view.snapshot.items.get('ET-1')?.head).toBe(item.head);
    await fixture.first.git.fetch([`refs/heads/${item.branch}`], { depth: 0 });
    expect(await fixture.first.git.parentsOf(item.head!)).toEqual([before.head]);
    expect(await fixture.first.git.diff(before.head!, item.head!)).toEqual([{ status: 'M', path: REQUEST }]);
    const text = (await fixture.first.git.readFile(item.head!, REQUEST))!.toString();
    expect(text).toContain(
      '\n## Clarifications (round 1)\n\nAnswer of 2026-01-20T11:10:00.000Z:\n\nOnly own tracks.\n\\# really\n',
    );
    expect(text).toContain('revision: 2\n');
  });

  it('without words nothing is committed', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    const before = await asked(ports);
    const { snapshot } = await feed(ports, answer(10, null));
    expect(snapshot.items.get('ET-1')).toMatchObject({ activity: 'dispatched', head: before.head });
  });

  it('nothing lost: a branch that somebody moved is left alone, the decision lands and the words are told all the same', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    const before = await asked(ports);
    const ref = `refs/heads/${before.branch}`;
    await fixture.first.git.fetch([ref]);
    const foreign = await fixture.first.git.commit({
      base: before.head,
      parents: [before.head!],
      changes: [{ path: 'x', content: 'x' }],
      message: 'mine',
      author,
      at: new Date(0),
    });
    expect(await fixture.first.git.push([{ ref, to: foreign, expect: before.head }])).toEqual({ ok: true });
    const warnings: string[] = [];
    const { snapshot, pushed } = await feed(
      { ...ports, log: { ...ports.log, warn: (text) => warnings.push(text) } },
      answer(10, 'Only own tracks.'),
    );
    expect(pushed).toBe(true);
    expect(snapshot.items.get('ET-1')).toMatchObject({ head: before.head, findings: 'Only own tracks.' });
    expect((await fixture.first.git.listRefs(ref)).get(ref)).toBe(foreign);
    expect(warnings).toEqual([expect.stringContaining('the answers are not in 00-business-request.md')]);
  });

  it('a request that somebody deleted is written again before the answer', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    const before = await asked(ports);
    const ref = `refs/heads/${before.branch}`;
    await fixture.first.git.fetch([ref]);
    const without = await fixture.first.git.commit({
      base: before.head,
      parents: [before.head!],
      changes: [{ path: REQUEST, content: null }],
      message: 'gone',
      author,
      at: new Date(0),
    });
    await fixture.first.git.push([{ ref, to: without, expect: before.head }]);
    await feed(ports, { type: 'branch.moved', item: 'ET-1', head: without });
    const { snapshot } = await feed(ports, answer(10, 'Only own tracks.'));
    const item = snapshot.items.get('ET-1')!;
    await fixture.first.git.fetch([ref]);
    expect((await fixture.first.git.readFile(item.head!, REQUEST))!.toString()).toMatch(
      /# Business Request: Title 1[\s\S]*## Clarifications \(round 1\)/,
    );
  });
});

describe('PL-D-5: branch names', () => {
  it('as many names as are taken are passed over, in the order of the rule', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    const issue = 'abcdef01-2345-6789-abcd-ef0123456789';
    const taken = ['title-1', 'abcdef01', ...Array.from({ length: 60 }, (_, n) => `abcdef01-${n + 2}`)];
    expect(
      await fixture.first.git.push(
        taken.map((name) => ({ ref: `refs/heads/feature/ET-1-${name}`, to: fixture.main, expect: null })),
      ),
    ).toEqual({ ok: true });
    const gesture = startGesture(1);
    const { snapshot } = await feed(ports, { ...gesture, issue: { ...gesture.issue!, id: issue } });
    expect(snapshot.items.get('ET-1')?.branch).toBe('feature/ET-1-abcdef01-62');
  });
});
