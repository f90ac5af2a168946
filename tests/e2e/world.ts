import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ConfigTree, type TrailsScenario, createTrails, stopTrails } from '../../examples/trails/create.ts';
import { createGit } from '../../lib/adapters/git/bare.ts';
import { generateWorkflows } from '../../lib/kit/workflows.ts';
import { loadLedger, initLedger, type LedgerPorts } from '../../lib/ledger/store.ts';
import { parseConfig } from '../../lib/pipeline/config.ts';
import type { ItemState } from '../../lib/pipeline/state.ts';
import { parseRelayConfig } from '../../lib/relay/config.ts';
import { createGiteaDispatch } from '../../lib/relay/dispatch-gitea.ts';
import { createSpoolFiles } from '../../lib/relay/spool-files.ts';
import { startRelay } from '../../lib/relay/start.ts';
import { createPlaneReads } from '../../lib/relay/tracker-plane.ts';
import { createSystemClock } from '../../lib/runtime/clock.ts';
import { buildRelease as writeRelease } from '../../tools/build.ts';
import { freePort } from '../stack/gitea.ts';
import type { Stack } from '../stack/stack.ts';
import { startPlaneServer } from '../support/plane-server/index.ts';

const TOP = fileURLToPath(new URL('../../', import.meta.url));
const SECRET = 'plane_wh_e2e00000000000000000000000000000';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Folder with what a release commit holds: bundles, action.yml files, prompts. */
export async function buildRelease(): Promise<{ readonly folder: string } & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-release-'));
  await writeRelease(TOP, folder);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface WorldOptions {
  readonly scenario?: TrailsScenario;
  /** Text of `.conveyor/scenario.yml` in place of a shipped one. */
  readonly scenarioText?: string;
  readonly config?: ConfigTree;
  /** Further files of the managed repository. */
  readonly files?: Readonly<Record<string, string>>;
  readonly private?: boolean;
}

/** A managed repository on the stack with its board, its targets and a relay in between, driven from outside only. */
export async function createWorld(
  stack: Stack,
  actions: { readonly repository: string; readonly ref: string },
  name: string,
  options: WorldOptions = {},
) {
  const folder = mkdtempSync(join(tmpdir(), `conveyor-world-${name}-`));
  const source = join(folder, 'source');
  mkdirSync(source);
  const target = join(folder, 'target');
  const plane = await startPlaneServer({ workspace: 'acme', identifier: 'ET' });
  const [stagingPort, productionPort] = [await freePort(), await freePort()];
  const config: ConfigTree = {
    tracker: { kind: 'plane', workspace: plane.workspace },
    project: { prefix: 'ET', tracker_project: plane.project },
    forge: { bot: stack.bot.login },
    ...options.config,
  };
  await createTrails({
    folder: source,
    stagingPort,
    productionPort,
    deployRoot: target,
    config,
    ...(options.scenario === undefined ? {} : { scenario: options.scenario }),
  });
  if (options.scenarioText !== undefined) writeFileSync(join(source, '.conveyor/scenario.yml'), options.scenarioText);
  for (const [path, content] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), content);
  }
  const { readFileSync } = await import('node:fs');
  const parsed = parseConfig(readFileSync(join(source, '.conveyor/config.yml'), 'utf8'));
  if (!parsed.ok) throw new Error(parsed.errors.join('\n'));
  const workflows = generateWorkflows({
    version: '0.0.0-test',
    actions: actions.repository,
    ref: actions.ref,
    config: parsed.config,
    ciWorkflows: ['ci'],
  });
  for (const [path, content] of workflows) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), content);
  }
  const repository = await stack.createRepository({
    name,
    files: source,
    bot: 'write',
    private: options.private ?? false,
    protect: { requiredContexts: ['ci / test (push)'] },
  });
  await stack.forge.setSecret(repository.fullName, 'CONVEYOR_BOT_TOKEN', stack.bot.token);
  await stack.forge.setSecret(repository.fullName, 'CONVEYOR_TRACKER_TOKEN', plane.token);
  await stack.forge.setVariable(repository.fullName, 'CONVEYOR_TRACKER_URL', plane.url);
  const git = await createGit({
    dir: join(folder, 'look.git'),
    remote: repository.cloneUrl,
    token: stack.bot.token,
    env: { PATH: process.env['PATH'] },
  });
  const clock = createSystemClock();
  const ports: LedgerPorts = { git, clock, log: quiet, mainRef: 'refs/heads/main', random: Math.random };
  await initLedger(ports);

  const spool = join(folder, 'spool');
  mkdirSync(spool);
  const relayConfig = parseRelayConfig(
    JSON.stringify({
      version: 1,
      environment: 'staging',
      listen: '127.0.0.1:0',
      spool: { dir: spool },
      trackers: { plane: { url: plane.url, workspace: plane.workspace } },
      forges: { gitea: { url: stack.url } },
      projects: [
        { tracker: 'plane', project: plane.project, forge: 'gitea', repository: repository.fullName, prefix: 'ET' },
      ],
    }),
    {
      CONVEYOR_RELAY_TRACKER_TOKEN: plane.token,
      CONVEYOR_RELAY_FORGE_TOKEN: stack.bot.token,
      CONVEYOR_RELAY_WEBHOOK_SECRET: SECRET,
    },
  );
  if (!relayConfig.ok) throw new Error(relayConfig.errors.join('\n'));
  const alerts: string[] = [];
  const relay = await startRelay(
    relayConfig.config,
    {
      tracker: createPlaneReads({
        projects: () => [{ project: plane.project, url: plane.url, workspace: plane.workspace, token: plane.token }],
        clock,
        log: quiet,
      }),
      forge: createGiteaDispatch({ url: stack.url, token: stack.bot.token, log: quiet }),
      clock,
      log: quiet,
      alert: async (kind, text) => void alerts.push(`${kind}: ${text}`),
      files: createSpoolFiles(),
      random: Math.random,
    },
    { version: '0.0.0-test' },
  );
  const webhook = `http://127.0.0.1:${relay.port}/webhook/plane`;
  plane.setWebhook({ url: webhook, secret: SECRET });

  const world = {
    stack,
    repository,
    plane,
    relay,
    webhook: { url: webhook, secret: SECRET },
    alerts,
    target,
    stagingUrl: `http://127.0.0.1:${stagingPort}`,
    productionUrl: `http://127.0.0.1:${productionPort}`,
    git,
    ledger: () => loadLedger(ports),
    async item(id: string): Promise<ItemState | null> {
      return (await loadLedger(ports)).snapshot.items.get(id) ?? null;
    },
    /** Journal lines of an item. */
    async journal(id: string): Promise<
      readonly {
        readonly event: string;
        readonly rule: string;
        readonly after: string;
        readonly effects: readonly string[];
        readonly receipts: readonly string[];
      }[]
    > {
      const { head } = await loadLedger(ports);
      const text = (await git.readFile(head, `items/${id}/journal.ndjson`))?.toString() ?? '';
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    },
    /** Waits until the item is as wanted; fails with where it is, its hold and the last runs. */
    async until(id: string, what: string, wanted: (item: ItemState) => boolean, timeoutS = 120): Promise<ItemState> {
      const end = Date.now() + timeoutS * 1000;
      for (;;) {
        const item = await world.item(id).catch(() => null);
        if (item !== null && wanted(item)) return item;
        if (Date.now() > end)
          throw new Error(`${id} did not become ${what} in ${timeoutS} s\n${await world.report(id)}`);
        await new Promise((done) => setTimeout(done, 400));
      }
    },
    async report(id: string): Promise<string> {
      const item = await world.item(id).catch(() => null);
      const runs = await stack.forge.runs(repository.fullName);
      const bad = runs.filter((run) => run.title !== 'intake' || run.conclusion !== 'success').slice(0, 4);
      const logs = await Promise.all(
        bad.map(
          async (run) =>
            `--- ${run.title} (${run.status}/${run.conclusion})\n${(await stack.forge.runLog(repository.fullName, run.id).catch(String)).slice(-2500)}`,
        ),
      );
      return [
        `item: ${item === null ? 'none' : `${item.stage}/${item.activity} ${item.waitingFor ?? ''} ${item.hold?.code ?? ''} ${item.hold?.text ?? ''}`}`,
        `outbox: ${item?.outbox.map((entry) => `${entry.key}${entry.lastError === null ? '' : ` (${entry.lastError})`}`).join(', ') ?? ''}`,
        `runs: ${runs
          .slice(0, 12)
          .map((run) => `${run.id} ${run.title} ${run.status}/${run.conclusion}`)
          .join('\n      ')}`,
        ...logs,
        // A forge that hands out no job, or a runner that is gone, looks like a product that does nothing.
        `runners: ${stack.runners.map((runner) => `${runner.name} ${runner.running ? 'runs' : 'IS GONE'}`).join(', ')}`,
        stack.logs().slice(-3000),
      ].join('\n');
    },
    /** A form of the Actions page filled in by somebody. */
    async dispatch(workflow: string, inputs: Readonly<Record<string, string>>, by = stack.owner): Promise<number> {
      const answer = await stack.forge.api(
        `/repos/${repository.fullName}/actions/workflows/${workflow}/dispatches?return_run_details=true`,
        {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ ref: 'main', inputs }),
        },
        by.token,
      );
      if (!answer.ok) throw new Error(`dispatch of ${workflow}: HTTP ${answer.status} ${await answer.text()}`);
      return ((await answer.json()) as { workflow_run_id: number }).workflow_run_id;
    },
    async [Symbol.asyncDispose]() {
      plane.setWebhook(null);
      await relay.stop();
      await plane[Symbol.asyncDispose]();
      await stopTrails(target).catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}
export type World = Awaited<ReturnType<typeof createWorld>>;
