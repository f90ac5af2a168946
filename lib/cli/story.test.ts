import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { addComment, createIssue, moveIssue } from '../adapters/tracker/file.ts';
import type { LocalEngine } from '../engines/local.ts';
import { fail, pass } from '../pipeline/verdict.ts';
import type { Run } from '../ports/forge.ts';
import { createPlainView } from './live-view.ts';
import { createStory } from './story.ts';

const run = (id: number): Run => ({
  id,
  title: `run ${id}`,
  workflow: 'w',
  sha: 'a',
  state: 'running',
  url: '',
  startedAt: null,
  finishedAt: null,
});
const done = (id: number, line: string) => ({
  run: run(id),
  job: 'land',
  step: 'op-land',
  result: { result: 'done', line, verdict: null },
  error: null,
});

/** An engine is looked at for its folder of issues and its ledger only. */
async function createFixture() {
  const folder = await mkdtemp(`${tmpdir()}/conveyor-story-`);
  const printed: string[] = [];
  const story = createStory(createPlainView((line) => printed.push(line)));
  const engine = { issues: folder, view: async () => ({ snapshot: { items: new Map() } }) } as unknown as LocalEngine;
  return { folder, printed, story, engine, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

describe('the story of an item', () => {
  it('a run that begins before the earlier one has ended is told after it', async () => {
    const { printed, story } = await createFixture();
    story.onRun(run(1), 'running');
    story.onStep(done(1, 'one'));
    story.onRun(run(2), 'running');
    story.onStep(done(2, 'two'));
    story.onStep(done(1, 'still one'));
    story.onRun(run(1), 'success');
    story.onRun(run(2), 'failure');
    await story.look();
    expect(printed).toEqual(['▶ run 1', '  · op-land: one', '  · op-land: still one', '▶ run 2', '  · op-land: two']);
  });

  it('moves and comments are told once, and what was there before is not told', async () => {
    await using fixture = await createFixture();
    const { folder, printed, story, engine } = fixture;
    const issue = await createIssue(folder, { title: 'Title', description: '' }, 'ada');
    await moveIssue(folder, issue, 'to_analyse', 'ada');
    await story.follow(engine, issue);
    await story.look();
    await moveIssue(folder, issue, 'stop', 'ada');
    await addComment(folder, issue, 'not needed\nany more', 'ada');
    await story.look();
    await story.look();
    expect(printed).toEqual(['📋 To Analyse → STOP (ada)', '💬 ada: not needed', '   any more']);
  });

  it('a failed gate is told with what the developer gets, a passed one in one line, an error with its text', async () => {
    const { printed, story } = await createFixture();
    const gate = (verdict: ReturnType<typeof pass>) => ({
      ...done(1, ''),
      step: `gate-${verdict.gate}`,
      result: { result: '', line: '', verdict },
    });
    story.onStep(gate(fail({ gate: 'review', code: 'REVIEW_CHANGES', text: 'changes', findings: 'one\n\ntwo\n' })));
    story.onStep(gate(pass({ gate: 'tests', code: 'TESTS_PASS', text: 'fine', findings: 'not told' })));
    story.onStep({ ...done(1, ''), result: null, error: 'broken' });
    await story.look();
    expect(printed).toEqual([
      '❌ gate review · REVIEW_CHANGES · changes',
      '   │ one',
      '   │ two',
      '✅ gate tests · TESTS_PASS · fine',
      '⚠️ op-land: broken',
    ]);
  });

  it('a look that fails is told, and the story goes on; after its end nothing is looked at', async () => {
    await using fixture = await createFixture();
    const { printed, story, engine } = fixture;
    await story.follow({ ...engine, view: () => Promise.reject(new Error('no ledger')) }, '1');
    story.onRun(run(1), 'running');
    story.onRun(run(1), 'success');
    story.onRun(run(2), 'running');
    await story.look();
    await story.close();
    story.onRun(run(2), 'success');
    await story.look();
    expect(printed).toEqual(['▶ run 1', '  ⚠️ no ledger', '▶ run 2']);
  });
});
