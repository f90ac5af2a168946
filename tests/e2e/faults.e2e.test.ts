import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TRAILS_ISSUE } from '../../examples/trails/create.ts';
import type { ItemState } from '../../lib/pipeline/state.ts';
import { freePort } from '../stack/gitea.ts';
import { type Stack, startStackOrSkip } from '../stack/stack.ts';
import { eventually } from './eventually.ts';
import { type World, buildRelease, createWorld } from './world.ts';

const CONVEYOR = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url));

/** Steps of agents that do their work well; the developer is right at the first attempt, whichever run it is. */
const GOOD = `  - match: {role: analyst}
    do:
      - write: {path: "{WI}/01-brd.md", file: fixtures/package/01-brd.md}
      - write: {path: "{WI}/02-trz.md", file: fixtures/package/02-trz.md}
      - write: {path: "{WI}/03-acceptance-criteria.md", file: fixtures/package/03-acceptance-criteria.md}
      - write: {path: "{WI}/04-test-plan.yaml", file: fixtures/package/04-test-plan.yaml}
  - match: {role: architect}
    do:
      - write: {path: "{WI}/06-adr/ADR-001-format-in-a-pure-module.md", file: fixtures/package/ADR-001-format-in-a-pure-module.md}
      - write: {path: "{WI}/10-tech-risks.md", file: fixtures/package/10-tech-risks.md}
  - match: {role: developer}
    do:
      - write: {path: server.mjs, file: fixtures/round-1/server.mjs.txt}
      - write: {path: src/csv.mjs, file: fixtures/round-2/csv.mjs.txt}
      - write: {path: test/csv.test.mjs, file: fixtures/round-2/csv.test.mjs.txt}
      - write: {path: docs/architecture/README.md, file: fixtures/round-1/architecture.md}
      - write: {path: docs/overview/README.md, file: fixtures/round-1/overview.md}
      - write: {path: "changelog.d/{ID}.md", file: fixtures/round-1/fragment.md}
  - match: {role: reviewer}
    do: [{artifact: {file: 12-review.md, verdict: APPROVED}}]
`;
/** The first developer starts a child in a session of its own and then never ends. */
const HANGS_ONCE = `version: 1
steps:
  - match: {role: developer, round: 1}
    do:
      - spawn_orphan: 30m
      - print: at work
    end: hang
${GOOD}`;
/** Slow enough that the landing is watched before it comes. */
const SLOW = `version: 1
steps:
${GOOD.replaceAll('    do:\n', '    do:\n      - sleep: 4s\n').replace('do: [{artifact', 'do: [{sleep: 4s}, {artifact')}`;

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Processes of agents whose PATH begins with the tools of the n-th runner (from 1). */
function agentsOf(stack: Stack, runner: number): readonly number[] {
  const tools = `${join(stack.folder, 'runners', String(runner), 'bin')}:`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
        const state = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.[0];
        return state !== 'Z' &&
          environment.includes('CONVEYOR_ROLE=developer') &&
          environment.some((entry) => entry.startsWith(`PATH=${tools}`))
          ? [Number(name)]
          : [];
      } catch {
        return [];
      }
    });
}

async function startItem(world: World): Promise<string> {
  const issue = world.plane.createIssue({ name: TRAILS_ISSUE.title, description: TRAILS_ISSUE.description });
  world.plane.moveIssue('ada', issue.id, 'To Analyse');
  return issue.id;
}

/** An item whose developer is at work on the n-th runner; answers the item with the receipt of its dispatch. */
async function agentAtWork(stack: Stack, world: World, runner: number): Promise<ItemState> {
  const issue = await startItem(world);
  await world.until('ET-1', 'waiting for approval', (item) => item.waitingFor === 'approval', 300);
  world.plane.moveIssue('ada', issue, 'Approved');
  const item = await world.until(
    'ET-1',
    'in development',
    ({ stage, activity, dispatch }) => stage === 'development' && activity === 'dispatched' && dispatch?.run != null,
    300,
  );
  await eventually(
    'the agent and its child are alive',
    () => agentsOf(stack, runner).length,
    (alive) => alive >= 2,
    120,
  );
  return item;
}

/** The forge's list of runs whose name carries a token: what was dispatched for it. */
const runsOf = async (world: World, token: string | null) =>
  (await world.stack.forge.runs(world.repository.fullName)).filter(
    (run) => token !== null && run.title.includes(token),
  );

/** One pass of the reconciler, asked for by a person; answers its log. */
async function reconcile(world: World, timeoutS = 240): Promise<string> {
  const run = await world.dispatch('conveyor-reconcile.yml', {});
  const ended = await world.stack.forge.waitForRun(world.repository.fullName, run, { timeoutS });
  const log = await world.stack.forge.runLog(world.repository.fullName, run);
  expect(ended.conclusion, log).toBe('success');
  return log;
}

/** Nothing was done twice: comments by their id, pull requests by branch, statuses by context, runs by token. */
async function assertNothingDoubled(world: World): Promise<void> {
  const { forge } = world.stack;
  const repository = world.repository.fullName;
  const ids = world.plane
    .issues()
    .flatMap((issue) => world.plane.comments(issue.id).flatMap(({ external_id }) => external_id ?? []));
  expect(ids.length, 'the board got comments').toBeGreaterThan(0);
  expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted());
  const pulls = await forge.call<{ head: { ref: string } }[]>('GET', `/repos/${repository}/pulls?state=all`);
  expect(pulls.map(({ head }) => head.ref)).toEqual([...new Set(pulls.map(({ head }) => head.ref))]);
  const stageRuns = (await forge.runs(repository)).flatMap(({ title }) => /· (\S+)$/.exec(title)?.[1] ?? []);
  expect(stageRuns.toSorted()).toEqual([...new Set(stageRuns)].toSorted());
}

const ZOMBIE_S = 30;
/** Two time constants of the product (180 s, 300 s) are waited for; the rest is patience with a busy machine. */
const PATIENCE = { timeout: 1_200_000 };

describe('faults on the real forge', () => {
  let stack: Stack | null = null;
  let actions = { repository: '', ref: '' };
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-faults-'));
    stack = await startStackOrSkip({
      fetchIntervalS: 1,
      // A runner of its own for everything that is going to be killed.
      runners: [{ capacity: 4 }, { labels: ['doomed-agent'] }, { labels: ['torn-work'] }, { labels: ['torn-agent'] }],
      ini: {
        actions: { ZOMBIE_TASK_TIMEOUT: `${ZOMBIE_S}s` },
        'cron.stop_zombie_tasks': { ENABLED: true, SCHEDULE: '@every 5s' },
      },
    });
    if (stack === null) return;
    using release = await buildRelease();
    actions = await stack.publishActions(release.folder);
  });
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it.concurrent(
    'PL-K-4, PL-K-6, AG-TIME-5: a run cancelled in the page ends the agent; after the grace the reconciler calls it lost and the stage runs again and lands, without a developer retry',
    PATIENCE,
    async (context) => {
      if (stack === null) return context.skip();
      await using world = await createWorld(stack, actions, 'cancelled', { scenarioText: HANGS_ONCE });
      const item = await agentAtWork(stack, world, 1);
      await stack.cancelRunInUi(world.repository.fullName, Number(item.dispatch?.run));
      expect((await stack.forge.waitForRun(world.repository.fullName, Number(item.dispatch?.run))).conclusion).toBe(
        'cancelled',
      );
      const cancelledAt = Date.now();
      await eventually(
        'the agent and what it started are gone',
        () => agentsOf(stack as Stack, 1).length,
        (alive) => alive === 0,
        90,
      );

      // Within the grace a landing could still come: the reconciler leaves the item alone.
      expect(await reconcile(world)).not.toContain('run.lost');
      expect(await world.item('ET-1')).toMatchObject({
        stage: 'development',
        activity: 'dispatched',
        token: item.token,
      });

      await sleep(Math.max(0, cancelledAt + 303_000 - Date.now()));
      await reconcile(world);
      const after = await world.until(
        'ET-1',
        'past development',
        ({ stage, activity, waitingFor }) =>
          stage === 'review' || (stage === 'development' && activity === 'waiting' && waitingFor === 'ci'),
        240,
      );
      expect(after.counters.developer).toBe(0);
      const journal = await world.journal('ET-1');
      expect(journal.filter(({ event }) => event === 'run.lost')).toMatchObject([{ rule: 'PL-K-6' }]);
      expect(await runsOf(world, item.token), 'the lost run was not sent twice').toHaveLength(1);
      await world.until(
        'ET-1',
        'in review or later',
        ({ stage }) => !['analysis', 'architecture', 'development'].includes(stage),
        240,
      );
      await assertNothingDoubled(world);
    },
  );

  it.concurrent(
    'PL-K-6, AG-TIME-4: a runner killed with -9 under an agent, started again, loses one run: the stage runs again and lands, without a developer retry',
    PATIENCE,
    async (context) => {
      if (stack === null) return context.skip();
      const doomed = stack.runners[1];
      if (doomed === undefined) throw new Error('the second runner is missing');
      await using world = await createWorld(stack, actions, 'killed', {
        scenarioText: HANGS_ONCE,
        config: { runners: { agent: 'doomed-agent' } },
      });
      const item = await agentAtWork(stack, world, 2);
      await doomed.kill9();
      await eventually(
        'the agent is gone',
        () => agentsOf(stack as Stack, 2).length,
        (alive) => alive === 0,
      );
      expect(doomed.running).toBe(false);
      // The forge was told nothing: it still believes the run to be alive, and so does the reconciler.
      expect(await reconcile(world)).not.toContain('run.lost');
      expect(await world.item('ET-1')).toMatchObject({
        stage: 'development',
        activity: 'dispatched',
        token: item.token,
      });
      await doomed.start();

      const again = await world.until(
        'ET-1',
        'sent again',
        ({ token, stage }) => token !== item.token || stage !== 'development',
        300,
      );
      expect(again.counters).toMatchObject({ developer: 0 });
      const landed = await world.until(
        'ET-1',
        'past development',
        ({ stage }) => !['analysis', 'architecture', 'development'].includes(stage),
        240,
      );
      expect(landed.counters.developer).toBe(0);
      expect(landed.rounds.development).toBe(2);
      expect(await runsOf(world, item.token)).toHaveLength(1);
      await assertNothingDoubled(world);
    },
  );

  it.concurrent(
    'PL-C-4, PL-S-5: a runner killed with -9 between the landing push and its effects: after 180 s the reconciler completes them, none lost and none doubled',
    PATIENCE,
    async (context) => {
      if (stack === null) return context.skip();
      const [, , work, agents] = stack.runners;
      if (work === undefined || agents === undefined) throw new Error('two runners are missing');
      await using world = await createWorld(stack, actions, 'torn', {
        scenarioText: SLOW,
        config: { runners: { agent: 'torn-agent', work: 'torn-work' } },
      });
      const issue = await startItem(world);
      await world.until('ET-1', 'waiting for approval', (item) => item.waitingFor === 'approval', 300);
      world.plane.moveIssue('ada', issue, 'Approved');

      const torn = await killInTheWindow(
        world,
        ['architecture', 'development', 'review'],
        async () => {
          await work.kill9();
          await agents.kill9();
        },
        async () => {
          await work.start();
          await agents.start();
        },
      );
      const tornAt = Date.parse(torn.outbox[0]?.at ?? '');
      const token = torn.outbox.flatMap(({ effect }) => (effect.kind === 'dispatch' ? effect.token : []))[0] ?? null;
      const keys = torn.outbox.map(({ key }) => key);
      const linesThen = (await world.journal('ET-1')).length;
      expect(keys.length, 'effects without receipts').toBeGreaterThan(0);
      await work.start();

      // Until then they belong to the run that recorded them.
      await reconcile(world);
      expect((await world.item('ET-1'))?.outbox.map(({ key }) => key)).toEqual(keys);

      await sleep(Math.max(0, tornAt + 183_000 - Date.now()));
      await reconcile(world);
      const settled = await world.until('ET-1', 'without open effects', (item) => item.outbox.length === 0, 120);
      const journal = (await world.journal('ET-1')).slice(linesThen);
      for (const key of keys)
        expect(
          journal.flatMap(({ receipts }) => receipts).filter((receipt) => receipt === key),
          key,
        ).toHaveLength(1);
      if (token !== null) {
        expect(settled.token).toBe(token);
        expect(await runsOf(world, token)).toHaveLength(1);
      }
      expect(await reconcile(world), 'a second pass finds nothing').not.toMatch(/reconcile: ET-1/);
      const { statuses } = await stack.forge.call<{ statuses: { context: string }[] }>(
        'GET',
        `/repos/${world.repository.fullName}/commits/${settled.head}/status`,
      );
      expect(statuses.map(({ context: name }) => name)).toEqual([
        ...new Set(statuses.map(({ context: name }) => name)),
      ]);
      await assertNothingDoubled(world);

      await agents.start();
      const order = ['architecture', 'development', 'review', 'testing', 'deploy-staging', 'deploy', 'done'];
      await world.until(
        'ET-1',
        `past ${settled.stage}`,
        ({ stage }) => order.indexOf(stage) > order.indexOf(settled.stage),
        240,
      );
      await assertNothingDoubled(world);
    },
  );

  it.concurrent(
    'RL-RLY: a relay killed with -9 after its 200 and before the forge heard of it, or before it heard the answer, starts the item once',
    PATIENCE,
    async (context) => {
      if (stack === null) return context.skip();
      await using world = await createWorld(stack, actions, 'relay');
      await using gate = await startGate(stack.url);
      const relay = () => startRelayProgram(world, gate.url, stack?.bot.token ?? '', join(folder, 'relay'));
      const started = async (id: string) => (await world.journal(id)).filter(({ event }) => event === 'start');
      const runs = async () => (stack as Stack).forge.runs(world.repository.fullName);

      for (const [index, mode] of (['hold', 'swallow'] as const).entries()) {
        const id = `ET-${index + 1}`;
        await using first = await relay();
        world.plane.setWebhook({ ...world.webhook, url: first.webhook });
        gate.mode(mode);
        const issue = world.plane.createIssue({
          name: `${TRAILS_ISSUE.title} ${index + 1}`,
          description: TRAILS_ISSUE.description,
        });
        world.plane.moveIssue('ada', issue.id, 'To Analyse');
        await world.plane.webhookIdle();
        expect(world.plane.deliveries.at(-1)).toMatchObject({ answered: 200 });
        await eventually('the relay asks for a dispatch', gate.caught, (caught) => caught === 1);
        await first.kill9();
        expect(gate.forwarded(), `${mode}: what the forge got of the first relay`).toBe(mode === 'hold' ? 0 : 1);
        if (mode === 'hold') expect(await world.item(id)).toBeNull();

        gate.mode('open');
        await using second = await relay();
        await world.until(id, 'created', (item) => item.gen === 1, 240);
        await eventually('the dispatch comes again', gate.passed, (passed) => passed > 0);
        // Whatever came twice is over.
        await eventually(
          'every intake has ended',
          async () =>
            (await runs()).filter((run) => run.workflow === 'conveyor-event.yml' && run.status !== 'completed').length,
          (open) => open === 0,
          240,
        );
        expect(await started(id)).toHaveLength(1);
        expect(second.pid).not.toBe(first.pid);
        await second.kill9();
      }
      const item = await world.until(
        'ET-1',
        'waiting for approval, with every effect done',
        ({ waitingFor, outbox }) => waitingFor === 'approval' && outbox.length === 0,
        300,
      );
      expect(item.rounds.analysis).toBe(1);
      expect((await world.ledger()).snapshot.items.size).toBe(2);
      await assertNothingDoubled(world);
    },
  );
});

/** Watches the ledger branch and kills when the landing of one of the stages has arrived there; again at the next one when the receipts were faster. */
async function killInTheWindow(
  world: World,
  stages: readonly string[],
  kill: () => Promise<void>,
  restart: () => Promise<void>,
): Promise<ItemState> {
  const { forge, bot } = world.stack;
  const head = async () => {
    const answer = await forge.api(`/repos/${world.repository.fullName}/branches/conveyor%2Fledger`, {}, bot.token);
    return ((await answer.json()) as { commit: { id: string } }).commit.id;
  };
  for (const stage of stages) {
    const before = await world.until(
      'ET-1',
      `at work in ${stage}`,
      (item) =>
        item.stage === stage &&
        item.activity === 'dispatched' &&
        item.dispatch?.run != null &&
        item.outbox.length === 0,
      300,
    );
    const from = await head();
    const end = Date.now() + 60_000;
    let landed = from;
    while (landed === from && Date.now() < end) {
      await sleep(10);
      landed = await head();
    }
    await kill();
    await sleep(500);
    const item = await world.item('ET-1');
    const hit =
      item !== null &&
      item.token !== before.token &&
      item.outbox.length > 0 &&
      (await head()) === landed &&
      landed !== from;
    if (hit) return item;
    await restart();
  }
  throw new Error(`the window was not hit in ${stages.join(', ')}: the receipts were there each time`);
}

/** A door before the forge that lets a dispatch through, keeps it, or lets it through and swallows the answer. */
async function startGate(target: string) {
  let mode: 'open' | 'hold' | 'swallow' = 'open';
  let caught = 0;
  let passed = 0;
  let forwarded = 0;
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const isDispatch =
      incoming.method === 'POST' &&
      (incoming.url ?? '').includes('/dispatches') &&
      (incoming.url ?? '').includes('/workflows/');
    const now = mode;
    if (isDispatch && now === 'hold') {
      caught += 1;
      return;
    }
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = incoming.headers;
    const answer = await fetch(`${target}${incoming.url}`, {
      method: incoming.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    if (isDispatch) forwarded += 1;
    if (isDispatch && now === 'swallow') {
      caught += 1;
      return;
    }
    if (isDispatch) passed += 1;
    outgoing.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    outgoing.end(body);
  };
  const server = createServer(
    (incoming, outgoing) => void serve(incoming, outgoing).catch(() => incoming.socket.destroy()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode(next: typeof mode) {
      mode = next;
      caught = 0;
      passed = 0;
      forwarded = 0;
    },
    caught: () => caught,
    forwarded: () => forwarded,
    passed: () => passed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** `conveyor relay` as a process of its own on one spool; ends only by the signal a test sends it. */
async function startRelayProgram(world: World, forgeUrl: string, forgeToken: string, directory: string) {
  const spool = join(directory, 'spool');
  mkdirSync(spool, { recursive: true });
  const file = join(directory, 'relay.yml');
  const { plane, repository } = world;
  const port = await freePort();
  writeFileSync(
    file,
    JSON.stringify({
      version: 1,
      environment: 'staging',
      listen: `127.0.0.1:${port}`,
      spool: { dir: spool },
      trackers: { plane: { url: plane.url, workspace: plane.workspace } },
      forges: { gitea: { url: forgeUrl } },
      projects: [
        { tracker: 'plane', project: plane.project, forge: 'gitea', repository: repository.fullName, prefix: 'ET' },
      ],
    }),
  );
  const child = spawn(process.execPath, [CONVEYOR, 'relay', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      CONVEYOR_RELAY_TRACKER_TOKEN: plane.token,
      CONVEYOR_RELAY_FORGE_TOKEN: forgeToken,
      CONVEYOR_RELAY_WEBHOOK_SECRET: world.webhook.secret,
    },
  });
  let printed = '';
  const take = (chunk: Buffer) => void (printed += chunk.toString());
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill9 = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      (answer) => answer.ok,
      () => false,
    );
  await eventually(`the relay answers: ${printed}`, answers, Boolean, 60).catch(async (thrown: unknown) => {
    await kill9();
    throw new Error(`${String(thrown)}\n${printed}`);
  });
  return { pid: child.pid, webhook: `http://127.0.0.1:${port}/webhook/plane`, kill9, [Symbol.asyncDispose]: kill9 };
}
