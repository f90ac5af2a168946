import { describe, expect, it } from 'vitest';
import type { DemoResult } from '../../lib/cli/demo/result.ts';
import { createCommandLine } from '../support/command-line.ts';

const SLOW = { timeout: 300_000 };
const resultOf = (stdout: string) => JSON.parse(stdout) as DemoResult;
const LEFT_NOTHING: string[] = [];

describe('conveyor demo', () => {
  it(
    'delivery §12: takes one item to done, also twice at once, prints one JSON line and leaves nothing behind',
    SLOW,
    async () => {
      await using line = await createCommandLine();
      const ended = await Promise.all([line.run(['demo', '--json']), line.run(['demo', '--json'])]);
      for (const { code, stdout, stderr } of ended) {
        expect([code, stderr.includes('⚠️ op-')], stderr).toEqual([0, false]);
        expect(stdout.trim().split('\n')).toHaveLength(1);
        const result = resultOf(stdout);
        expect(result).toMatchObject({
          item: 'ET-1',
          stage: 'done',
          hold: null,
          attempts: { analysis: 1, architecture: 1, development: 2, review: 2, testing: 1, 'deploy-staging': 1 },
        });
        expect(new Set(Object.values(result.gates))).toEqual(new Set(['pass']));
        expect(Object.keys(result.gates).toSorted()).toEqual([
          'analysis-approved',
          'analysis-complete',
          'architecture',
          'ci',
          'deploy',
          'entry',
          'landed',
          'review',
          'staging',
          'tests',
        ]);
        expect(result.deployed?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(result.wall_s).toBeGreaterThan(0);
        expect(result.git_s).toBeGreaterThan(0);
        expectStory(stderr, result);
        // The run that deployed gives the rest to the next one; nobody has to do anything about that.
        expect(stderr).toContain('op-land: done: the deployment is recorded, the next run judges it');
        expect(stderr).not.toContain('superseded');
      }
      // Each has a target of its own.
      expect(new Set(ended.map(({ stdout }) => resultOf(stdout).deployed?.url)).size).toBe(2);
      expect(await line.leftovers()).toEqual(LEFT_NOTHING);
    },
  );

  it('a release that is sick in production ends held in development, with the old version serving', SLOW, async () => {
    await using line = await createCommandLine();
    const { code, stdout, stderr } = await line.run(['demo', '--json', '--scenario', 'sick-production']);
    const result = resultOf(stdout);
    expect([code, result.stage, result.hold], stderr).toEqual([1, 'development', 'deploy-failed']);
    const before = /Production before: .*commit ([0-9a-f]{8}), (sha256:[0-9a-f]{12})/.exec(stderr);
    expect(result.deployed?.version.slice(0, 8)).toBe(before?.[1]);
    expect(result.deployed?.digest.startsWith(before?.[2] ?? '–')).toBe(true);
    expect(await line.leftovers()).toEqual(LEFT_NOTHING);
  });

  it('a question of the analyst is answered on the board and the item goes on', SLOW, async () => {
    await using line = await createCommandLine();
    const { code, stdout, stderr } = await line.run(['demo', '--json', '--scenario', 'question']);
    expect([code, resultOf(stdout).stage, resultOf(stdout).attempts['analysis']], stderr).toEqual([0, 'done', 2]);
    // Board and comments are watched side by side: which line comes first is not fixed.
    expect(stderr).toContain('💬 ada: Only the own tracks.');
    expect(stderr).toContain('Needs Input → To Analyse (ada)');
    expect(await line.leftovers()).toEqual(LEFT_NOTHING);
  });

  it('Ctrl-C in the middle of a stage ends it with 130 and leaves nothing behind', SLOW, async () => {
    await using line = await createCommandLine();
    let isAsked = false;
    const { code, stdout } = await line.run(['demo'], (text, child) => {
      if (isAsked || !text.includes('▶ ET-1 · development')) return;
      isAsked = child.kill('SIGINT');
    });
    expect([isAsked, code]).toEqual([true, 130]);
    expect(stdout).not.toContain('is in done');
    expect(await line.leftovers()).toEqual(LEFT_NOTHING);
  });

  it('an unknown scenario is wrong usage', SLOW, async () => {
    await using line = await createCommandLine();
    const { code, stderr } = await line.run(['demo', '--scenario', 'sunny']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('choose from happy, question')]);
    expect(await line.leftovers()).toEqual(LEFT_NOTHING);
  });
});

/** Board, artifacts, the rejected review that comes again, approval, confirmation and the new version, in this order. */
function expectStory(text: string, result: DemoResult): void {
  const chapters = [
    /📋 Backlog → To Analyse \(ada\)/,
    /📄 .*01-brd\.md, 02-trz\.md/,
    /📋 In Review → Approved \(ada\)/,
    /❌ gate review · REVIEW_CHANGES/,
    /│ .*No test for formula injection/,
    /▶ ET-1 · development · attempt 2/,
    /✅ gate review · REVIEW_APPROVED/,
    /✅ gate staging · STG_SUCCESS/,
    /💬 conveyor: 🚀 ET-1 is ready for production/,
    /📋 Awaiting Deploy → Confirm Deploy \(ada\)/,
    /✅ gate landed · LANDED/,
    /📋 Deploying → Done \(conveyor\)/,
    new RegExp(`🌐 Production now: .*commit ${result.deployed?.version.slice(0, 8)}`),
    /ET-1 is in done/,
    /ledger commits/,
  ];
  // It is brought there beside the analysis, and told before anything can replace it.
  const before = text.search(/🌐 Production before: /);
  expect(before, text).toBeGreaterThanOrEqual(0);
  expect(before, text).toBeLessThan(text.search(/📋 In Review → Approved \(ada\)/));
  let from = 0;
  for (const chapter of chapters) {
    const at = text.slice(from).search(chapter);
    expect(at, `${chapter} is missing after:\n${text.slice(0, from).slice(-600)}`).toBeGreaterThanOrEqual(0);
    from += at;
  }
}
