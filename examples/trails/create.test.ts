import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createShell } from '../../lib/adapters/shell/process.ts';
import { parseFragment } from '../../lib/artifacts/changelog.ts';
import { checkArtifact } from '../../lib/artifacts/check-artifact.ts';
import { packageComplete } from '../../lib/artifacts/package.ts';
import { parseScenario } from '../../lib/adapters/agent/scenario.ts';
import { buildBundle } from '../../lib/delivery/bundle.ts';
import { deployId, hookDeadline, hookEnvironment } from '../../lib/delivery/hook-environment.ts';
import type { TargetName } from '../../lib/delivery/hook-environment.ts';
import { deployWithHook, preflightWithHook } from '../../lib/delivery/hook.ts';
import { buildKey } from '../../lib/delivery/manifest.ts';
import { storeFolder } from '../../lib/delivery/paths.ts';
import { createDirectoryStore } from '../../lib/delivery/store.ts';
import { runStagingSuite } from '../../lib/delivery/suite.ts';
import { parseConfig } from '../../lib/pipeline/config.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import { createTrails, stopTrails, TRAILS_SCENARIOS } from './create.ts';
import type { ConfigTree, TrailsScenario } from './create.ts';

const shell = createShell();
const clock: Clock = {
  now: () => new Date(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function createDemo(scenario: TrailsScenario = 'happy', config: ConfigTree = {}) {
  const root = await mkdtemp(path.join(tmpdir(), 'conveyor-trails-'));
  const folder = path.join(root, 'repository');
  const deployRoot = path.join(root, 'target');
  await mkdir(folder);
  const env = { PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}`, HOME: root };
  const files = await createTrails({
    folder,
    stagingPort: await freePort(),
    productionPort: await freePort(),
    deployRoot,
    scenario,
    config,
  });
  const parsed = parseConfig(String(files.get('.conveyor/config.yml')));
  if (!parsed.ok) throw new Error(parsed.errors.join());
  const { deploy } = parsed.config;
  const store = createDirectoryStore(storeFolder(deployRoot));
  const write = async (name: string, content: string) => {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), content);
  };
  return {
    root,
    folder,
    files,
    deploy,
    write,
    /** Plays what the developer of a scenario does in a round. */
    async develop(round: number) {
      const scenarioText = parseScenario(String(files.get('.conveyor/scenario.yml')));
      if (!scenarioText.ok) throw new Error(scenarioText.errors.join());
      const step = scenarioText.scenario.steps.find(({ match }) => match.role === 'developer' && match.round === round);
      for (const { write: action } of step?.do ?? [])
        if (action !== undefined)
          await write(
            action.path.replaceAll('{ID}', 'ET-12'),
            String(files.get(`.conveyor/${action.file}`)).replaceAll('{ID}', 'ET-12'),
          );
    },
    npmTest: () => shell.run({ argv: ['npm', 'test'], cwd: folder, env, timeoutMs: 60_000, graceMs: 1000 }),
    /** Build and store, as the pipeline does. */
    async release(commit: string) {
      const file = path.join(root, 'artifact.tar.gz');
      const { build, output } = deploy.artifact;
      const built = await buildBundle(
        {
          folder,
          build,
          output,
          commit,
          codeTree: commit,
          commitTime: new Date('2026-01-20T10:00:00Z'),
          env,
          timeoutMs: 60_000,
          graceMs: 1000,
          file,
        },
        shell,
      );
      if (!built.ok) throw new Error(`${built.text}\n${built.log}`);
      const key = buildKey(commit, deploy.artifact);
      return store.put(file, {
        schema: 1,
        item: 'ET-12',
        kind: 'bundle',
        digest: built.digest,
        size: built.size,
        commit,
        tree: commit,
        code_tree: commit,
        base: commit,
        build_key: key,
        run: 1,
        created_at: '2026-01-20T10:11:40Z',
      });
    },
    async start(
      target: TargetName,
      attempt: number,
      stored: { ref: string; manifest: { digest: string; commit: string; code_tree: string } },
    ) {
      const startedAt = new Date();
      const id = deployId('ET-12', 1, attempt, target);
      const subject = {
        item: 'ET-12',
        pass: 1,
        deployId: id,
        target,
        artifact: { ref: stored.ref, ...stored.manifest },
        configSha: 'e01f',
        startedAt,
      };
      const environment = hookEnvironment(subject, deploy, {}, env);
      if (!environment.ok) throw new Error(environment.text);
      const call = {
        file: path.join(folder, deploy.hook),
        cwd: folder,
        env: environment.env,
        secrets: [],
        deployId: id,
        digest: stored.manifest.digest,
        deadline: hookDeadline(startedAt, deploy),
        graceMs: 1000,
      };
      return {
        preflight: () => preflightWithHook(call, { shell, clock }),
        deploy: () => deployWithHook(call, { shell, clock }),
      };
    },
    suite: (revision: string) =>
      runStagingSuite(
        {
          file: path.join(folder, deploy.staging.suite),
          cwd: folder,
          env,
          baseUrl: deploy.targets.staging?.url ?? '',
          revision,
          nonce: 'n1',
          settings: deploy.staging,
          secrets: [],
          graceMs: 1000,
          folder: root,
          runningDigest: null,
          digest: '',
        },
        shell,
      ),
    get: async (target: TargetName, where: string) => fetch(`${deploy.targets[target]?.url}${where}`),
    async [Symbol.asyncDispose]() {
      await stopTrails(deployRoot);
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

describe('the demo repository', () => {
  it('has hooks that can be executed, the kit beside them, and a valid configuration', async () => {
    await using demo = await createDemo();
    for (const name of ['deploy', 'staging-suite'])
      expect((await stat(path.join(demo.folder, '.conveyor/hooks', name))).mode & 0o111).not.toBe(0);
    expect(demo.files.get('.conveyor/hooks/conveyor-hook.mjs')).toEqual(
      await readFile(new URL('../../lib/kit/hook/conveyor-hook.mjs', import.meta.url)),
    );
    expect([...demo.files.keys()].filter((name) => /reports|dist\//.test(name))).toEqual([]);
  });

  it('is not written at all with an invalid configuration', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'conveyor-trails-'));
    try {
      await expect(createTrails({ folder, stagingPort: 1, productionPort: 1, deployRoot: '/srv/app' })).rejects.toThrow(
        'the same url',
      );
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('takes overrides of the configuration key by key', async () => {
    await using demo = await createDemo('happy', { deploy: { staging: { waivable: ['C1'] } }, ci: { mode: 'local' } });
    expect(demo.deploy.staging).toMatchObject({ suite: '.conveyor/hooks/staging-suite', waivable: ['C1'] });
  });

  it.each(TRAILS_SCENARIOS)('scenario %s is valid and its fixture files are there', async (scenario) => {
    await using demo = await createDemo(scenario);
    const parsed = parseScenario(String(demo.files.get('.conveyor/scenario.yml')));
    if (!parsed.ok) throw new Error(parsed.errors.join());
    const fixtures = parsed.scenario.steps.flatMap(({ do: actions }) =>
      actions.flatMap(({ write }) => write?.file ?? []),
    );
    expect(fixtures.length).toBeGreaterThan(5);
    expect(fixtures.filter((name) => !demo.files.has(`.conveyor/${name}`))).toEqual([]);
  });

  it('what the scripted agents write is valid without a warning', async () => {
    await using demo = await createDemo();
    const fixture = (name: string) =>
      Buffer.from(String(demo.files.get(`.conveyor/fixtures/${name}`)).replaceAll('{ID}', 'ET-12'));
    const names = ['01-brd.md', '02-trz.md', '03-acceptance-criteria.md', '04-test-plan.yaml'];
    const files = new Map(names.map((name) => [`docs/work-items/ET-12/${name}`, fixture(`package/${name}`)]));
    const positions = new Map([...files.keys()].map((name) => [name, 0]));
    expect(packageComplete({ item: 'ET-12', files, positions })).toEqual({ complete: true, faults: [], warnings: [] });
    const adr = 'ADR-001-format-in-a-pure-module.md';
    expect(checkArtifact(`06-adr/${adr}`, fixture(`package/${adr}`), 'ET-12')).toEqual({ faults: [], warnings: [] });
    expect(checkArtifact('10-tech-risks.md', fixture('package/10-tech-risks.md'), 'ET-12')).toEqual({
      faults: [],
      warnings: [],
    });
    expect(parseFragment(fixture('round-1/fragment.md'))).toMatchObject({ ok: true, warnings: [] });
  });

  it('the fixture server is the server of the repository plus the new route', async () => {
    await using demo = await createDemo();
    const fixture = String(demo.files.get('.conveyor/fixtures/round-1/server.mjs.txt'));
    expect(
      fixture
        .split('\n')
        .filter((line) => !/csv/.test(line))
        .join('\n'),
    ).toBe(String(demo.files.get('server.mjs')));
  });

  it('tests are green before and after the feature, and red when the developer breaks one', async () => {
    await using demo = await createDemo('broken-tests');
    const before = await demo.npmTest();
    expect(before.code).toBe(0);
    expect(before.output).toContain('pass 3');
    await demo.develop(1);
    expect((await demo.npmTest()).code).toBe(1);
    await demo.develop(2);
    const after = await demo.npmTest();
    expect(after.output).toContain('pass 9');
    expect(after.code).toBe(0);
    expect(await readFile(path.join(demo.folder, 'reports/junit.xml'), 'utf8')).toContain('TC-02');
  });

  it('tests of round 1 of the happy path are green although the guard is incomplete: the reviewer finds it', async () => {
    await using demo = await createDemo('happy');
    await demo.develop(1);
    expect((await demo.npmTest()).code).toBe(0);
    await demo.develop(2);
    expect((await demo.npmTest()).code).toBe(0);
  });
});

describe('delivery of the demo service', () => {
  it('one artifact goes to staging, passes the suite and goes to production; the feature answers there', async () => {
    await using demo = await createDemo();
    const first = await demo.release(A);
    expect((await (await demo.start('production', 1, first)).deploy()).state).toBe('ok');
    await demo.develop(1);
    await demo.develop(2);
    const second = await demo.release(B);
    expect(second.manifest.digest).not.toBe(first.manifest.digest);

    const staging = await demo.start('staging', 1, second);
    expect(await staging.preflight()).toMatchObject({ ok: true });
    expect(await staging.deploy()).toMatchObject({
      state: 'ok',
      exit: 0,
      running: second.manifest.digest,
      warnings: [],
    });
    expect(await (await demo.get('staging', '/health')).json()).toEqual({
      status: 'ok',
      environment: 'staging',
      commit: B,
      digest: second.manifest.digest,
    });
    expect(await demo.suite(B)).toMatchObject({
      class: 'suite-ran',
      status: 'SUCCESS',
      checks: { passed: 4, total: 4 },
      exitCode: 0,
    });

    const production = await (await demo.start('production', 2, second)).deploy();
    expect(production).toMatchObject({ state: 'ok', previous: first.manifest.digest });
    expect((await (await demo.get('production', '/tracks.csv')).text()).split('\r\n')[3]).toBe(
      "3,'=1+1 steps to the tower,3.7,2026-05-17",
    );
  });

  it('a release that is sick in production only: staging is green, production goes back to the previous version', async () => {
    await using demo = await createDemo('sick-production');
    const first = await demo.release(A);
    await (await demo.start('production', 1, first)).deploy();
    await demo.develop(1);
    const sick = await demo.release(B);
    expect((await (await demo.start('staging', 1, sick)).deploy()).state).toBe('ok');
    expect(await demo.suite(B)).toMatchObject({ class: 'suite-ran', status: 'SUCCESS' });
    expect(await (await demo.start('production', 2, sick)).deploy()).toMatchObject({
      state: 'rolled-back',
      exit: 1,
      running: first.manifest.digest,
      healthy: true,
    });
    expect(await (await demo.get('production', '/health')).json()).toMatchObject({
      environment: 'production',
      commit: A,
    });
  });

  it('a release that is sick on staging is exit 2 there when nothing ran before, and the suite says red or aborts', async () => {
    await using demo = await createDemo('sick-staging');
    await demo.develop(1);
    expect(await (await demo.start('staging', 1, await demo.release(B))).deploy()).toMatchObject({
      state: 'rollback-failed',
      exit: 2,
      healthy: false,
    });
    expect(await demo.suite(B)).toMatchObject({ class: 'suite-ran', status: 'FAILED' });
  });

  it('the suite aborts when the server is not staging, and is infrastructure when nobody answers', async () => {
    await using demo = await createDemo();
    expect(await demo.suite(A)).toMatchObject({ class: 'transient-infra', code: 'STG_TRANSIENT' });
    const first = await demo.release(A);
    await (await demo.start('production', 1, first)).deploy();
    const { staging, production } = demo.deploy.targets;
    if (staging === undefined || production === undefined) throw new Error('no targets');
    staging.url = production.url;
    expect(await demo.suite(A)).toMatchObject({ class: 'permanent-env', code: 'STG_ENV' });
  });

  it('stopping twice, and without any service, is fine', async () => {
    await using demo = await createDemo();
    await (await demo.start('staging', 1, await demo.release(A))).deploy();
    await stopTrails(path.join(demo.root, 'target'));
    await expect(demo.get('staging', '/health')).rejects.toThrow();
    await stopTrails(path.join(demo.root, 'target'));
  });
});
