import { describe, expect, it } from 'vitest';
import { createWorld, digest, fails, sha } from '../../tests/property/kernel-world.ts';
import { author } from '../../tests/support/ledger.ts';
import { createRepositoryFixture } from '../../tests/support/session.ts';
import { createRedactor } from '../base/redact.ts';
import type { Effect } from '../pipeline/effects.ts';
import type { ItemState } from '../pipeline/state.ts';
import { fail, pass } from '../pipeline/verdict.ts';
import { renderItemCard } from './card.ts';
import { renderComment, renderEntryFailed, renderPullRequest } from './comments.ts';
import type { Session } from './engine.ts';

const PAGE = 'https://git.example.org/local/repository';
const PUBLIC = 'forge: {public_url: "https://git.example.org"}\n';
const SECRET = 'canary & "secret"';

type World = ReturnType<typeof createWorld>;
const effectOf = (item: ItemState, kind: string) =>
  item.outbox
    .map(({ effect }) => effect)
    .findLast(
      (effect): effect is Extract<Effect, { kind: 'tracker-comment' }> =>
        effect.kind === 'tracker-comment' && effect.comment === kind,
    )!;
const say = (session: Session, world: World, kind: string) =>
  renderComment(session, world.snapshot, world.item(), effectOf(world.item(), kind));

describe('H-CMT-3: usage of one attempt', () => {
  const land = async (
    usage: { input: number; cacheRead: number; cacheCreation: number; output: number } | null,
    costUsd: number | null,
  ) => {
    await using fixture = await createRepositoryFixture();
    const world = createWorld();
    world.drive('R(architecture)');
    const head = (await fixture.session()).view.main;
    world.land('ET-1', { head, outcome: { class: 'ok', cause: null, text: '', seconds: 252.9, usage, costUsd } });
    return say(await fixture.session(), world, 'stage');
  };

  it('in = input + cache read + cache write, with the cached part', async () => {
    const html = await land({ input: 900, cacheRead: 8_400_000, cacheCreation: 99_100, output: 45_800 }, 7.29);
    expect(html).toContain('<sub>8.5M in (8.4M cached) / 45.8k out · $7.29</sub>');
    expect(html).toContain('Duration: 4m 12s');
  });

  it('nothing cached and no cost: neither is shown', async () => {
    expect(await land({ input: 900, cacheRead: 0, cacheCreation: 0, output: 10 }, null)).toContain(
      '<sub>900 in / 10 out</sub>',
    );
  });

  it('an attempt that told no figures has no tail', async () => {
    expect(await land(null, null)).not.toContain('<sub>');
  });
});

describe('H-FUI-7: failure block', () => {
  const red = fail({
    gate: 'review',
    code: 'REVIEW_CHANGES',
    text: '2 open findings',
    findings: '### P1\n- x',
    report: 'docs/work-items/ET-1/12-review.md',
  });

  it('a gate that sent the item back: all five fields, the report at the judged commit, Conveyor goes on', async () => {
    await using fixture = await createRepositoryFixture({ config: PUBLIC });
    const world = createWorld();
    world.drive('R(review)');
    world.verdict(red);
    const link = `${PAGE}/src/commit/${world.item().head}/docs/work-items/ET-1/12-review.md`;
    expect(await say(await fixture.session(), world, 'gate_failed')).toContain(
      `<p>❌ review · fail · REVIEW_CHANGES<br>Class: code<br>Cause: 2 open findings<br>Evidence: <a href="${link}">${link}</a><br>Next: The developer starts again with the findings (attempt 1 of 3).<br>Who: Conveyor</p>`,
    );
  });

  it('the last attempt: nobody is told that the developer starts again', async () => {
    await using fixture = await createRepositoryFixture({ config: PUBLIC });
    const world = createWorld('retry: {developer_max: 0}');
    world.drive('R(review)');
    world.verdict(red);
    const [failed, held] = [
      await say(await fixture.session(), world, 'gate_failed'),
      await say(await fixture.session(), world, 'held'),
    ];
    for (const html of [failed, held]) {
      expect(html).not.toContain('starts again');
      expect(html).toContain(
        'Next: Move the item to Approved or Rejected. Operator: run conveyor-control with retry.<br>Who: the item&#39;s author',
      );
    }
    expect(held).toContain('<p>✋ review · hold · REVIEW_CHANGES<br>Class: code<br>');
  });

  it.each([
    ['budget', 'development · hold · budget', 'configuration', 'operator'],
    ['auth', 'development · hold · auth', 'infrastructure', 'operator'],
    ['no-change', 'development · hold · no-change', 'code', "the item's author"],
  ] as const)(
    'a hold after the worker ended with %s names stage, class and who acts',
    async (outcome, head, cls, who) => {
      await using fixture = await createRepositoryFixture();
      const world = createWorld('retry: {same_fingerprint_max: 1}');
      world.drive('R(development)');
      world.end({ class: outcome, text: 'it <b>ended</b>' });
      const html = await say(await fixture.session(), world, 'held');
      expect(html).toContain(`${head}<br>Class: ${cls}<br>Cause: it &lt;b&gt;ended&lt;/b&gt;<br>Evidence: –<br>`);
      expect(html).toContain(`<br>Who: ${who.replace("'", '&#39;')}</p>`);
    },
  );

  it('a hold by a verdict names its gate and class, and its run as evidence', async () => {
    await using fixture = await createRepositoryFixture();
    const world = createWorld();
    world.drive('W(ci)');
    world.ci({ ...fails('ci', 'CI_SILENT'), verdict: 'hold', action: 'hold' });
    expect(await say(await fixture.session({ runUrl: 'https://git.example.org/runs/7' }), world, 'held')).toContain(
      '<p>✋ ci · hold · CI_SILENT<br>Class: infrastructure<br>Cause: red<br>Evidence: <a href="https://git.example.org/runs/7">',
    );
  });
});

describe('PL-H-4: a rejection', () => {
  it.each([
    ['Feature', 'development → architecture'],
    ['Bug', 'development → analysis'],
  ])('of an item labelled %s says where it leads on its track', async (label, move) => {
    await using fixture = await createRepositoryFixture();
    const world = createWorld();
    const issue = {
      id: 'issue-1',
      sequence: 1,
      title: 'Title 1',
      description: 'A description that is long enough',
      labels: [label],
    };
    world.board('start', 1, { issue });
    world.drive('R(development)');
    world.board('reject', 1, { reason: 'no' });
    expect(await say(await fixture.session(), world, 'rejected')).toContain(`Returned: ${move}. Reason: no`);
  });
});

describe('D-A-3: dossier', () => {
  async function dossier(over: { base?: boolean; landed?: boolean; live?: boolean } = {}) {
    await using fixture = await createRepositoryFixture();
    const session = await fixture.session();
    const { code } = session.engine;
    const base = session.view.main;
    const head = await code.commit({
      base,
      parents: [base],
      changes: [
        { path: 'a.ts', content: '1\n2\n3\n' },
        { path: 'docs/work-items/ET-1/01-brd.md', content: 'x\n' },
      ],
      message: 'm',
      author,
      at: new Date(0),
    });
    const world = createWorld();
    if (over.live === true) {
      world.drive('done', 2);
      world.tick(60);
    } else if (over.landed === true)
      world.snapshot = {
        ...world.snapshot,
        repo: {
          ...world.snapshot.repo,
          lastLanding: { item: 'ET-9', mergeCommit: sha('merged'), at: '2026-01-18T08:00:00.000Z' },
        },
      };
    world.drive('R(deploy-staging)');
    world.record('building', 'ET-1', {
      verdicts: [pass({ gate: 'staging', code: 'STG_SUCCESS', text: 'SUCCESS 4/4' })],
    });
    world.land('ET-1', {
      head,
      validated: { sha: over.base === false ? sha('unknown') : head, tree: sha('t'), code_tree: sha('c'), base },
    });
    return { html: await say(session, world, 'confirm'), said: fixture.said };
  }

  it('the size of the change without the work-item folder; what no gate looks at is unknown, not "no"', async () => {
    const { html, said } = await dossier();
    expect(html).toContain('files 1 (+3 −0)');
    expect(html).toContain('Migration: unknown · Hook/compose changed: unknown');
    expect(html).toContain('Rollback: none, first deploy');
    expect(said).toEqual([]);
  });

  it('what production runs is the last landing: its artifact while that item is live, else its merge', async () => {
    expect((await dossier({ live: true })).html).toContain(
      `Rollback to sha256:${digest('ET-2').slice(7, 13)}… (deployed 2026-01-20)`,
    );
    expect((await dossier({ landed: true })).html).toContain(
      `Rollback to ${sha('merged').slice(0, 7)} (deployed 2026-01-18)`,
    );
  });

  it('a commit that cannot be read is a warning and question marks, never a missing comment', async () => {
    const { html, said } = await dossier({ base: false });
    expect(html).toContain('files ? (+? −?)');
    expect(said).toEqual([expect.stringContaining('a comment goes out without the size of the change')]);
  });
});

describe('H-CMT-14: secrets', () => {
  const redact = createRedactor([SECRET]);

  it('do not leave in comments, whatever escaping does to them', async () => {
    await using fixture = await createRepositoryFixture();
    const world = createWorld();
    world.drive('R(review)');
    world.verdict(fails('review', 'REVIEW_CHANGES', `it prints ${SECRET}`));
    const html = await say(await fixture.session({ redact }), world, 'gate_failed');
    expect(html).toContain('it prints ***');
    expect(html).not.toContain('canary');
  });

  it('nor in the entry comment, the pull request and the card', async () => {
    await using fixture = await createRepositoryFixture();
    const world = createWorld('retry: {developer_max: 0}');
    world.drive('R(review)');
    world.verdict(fails('review', 'REVIEW_CHANGES', `it prints ${SECRET}`));
    const session = await fixture.session({ redact });
    const item = { ...world.item(), title: `title ${SECRET}`, description: `text ${SECRET}` };
    const { title, body } = renderPullRequest(session, item);
    const texts = [
      renderEntryFailed(session, fails('entry', 'ENTRY_TITLE', `bad ${SECRET}`)),
      title,
      body,
      renderItemCard(session, { issueUrl: () => null }, world.snapshot, item),
    ];
    for (const text of texts) {
      expect(text.replaceAll('\\', '')).toContain('***');
      expect(text).not.toContain('canary');
    }
  });
});

describe('people §2.1: card', () => {
  it('links the issue and names the item that goes first', async () => {
    await using fixture = await createRepositoryFixture();
    const world = createWorld('intake: {serial: true}');
    world.drive('W(approval)');
    world.board('start', 2);
    const session = { ...(await fixture.session()), config: world.config };
    const card = renderItemCard(
      session,
      { issueUrl: ({ id }) => `https://plane.example.org/${id}/` },
      world.snapshot,
      world.item('ET-2'),
    );
    expect(card).toContain('<a href="https://plane.example.org/issue-2/">ET-2</a>');
    expect(card).toContain('In the queue behind ET-1');
    expect(renderItemCard(session, { issueUrl: () => null }, world.snapshot, world.item('ET-1'))).not.toContain(
      'behind',
    );
  });

  it('says who is at work when the limit of runs is reached', async () => {
    await using fixture = await createRepositoryFixture();
    const world = createWorld('intake: {serial: false}\nlimits: {runs: 1}');
    world.drive('R(analysis)');
    world.board('start', 2);
    expect(
      renderItemCard(
        { ...(await fixture.session()), config: world.config },
        { issueUrl: () => null },
        world.snapshot,
        world.item('ET-2'),
      ),
    ).toContain('In the queue behind ET-1');
  });
});
