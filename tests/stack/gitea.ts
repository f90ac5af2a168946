import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.ts';
import { start, type Started } from './processes.ts';

const run = promisify(execFile);

export interface Account {
  readonly login: string;
  readonly password: string;
  readonly token: string;
}

/** Sections of app.ini, for facts that a test wants otherwise (time-outs of lost tasks, cron periods). */
export type IniSections = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

export interface GiteaServer {
  readonly url: string;
  readonly admin: Account;
  readonly process: Started;
  readonly logFile: string;
  registrationToken(): Promise<string>;
}

/** Boots a Gitea with an empty database in `folder` and one site administrator. Processes inherit `env`. */
export async function startGitea(
  binaries: Binaries,
  folder: string,
  env: Record<string, string>,
  sections: IniSections,
): Promise<GiteaServer> {
  mkdirSync(path.join(folder, 'home'), { recursive: true });
  const logFile = path.join(folder, 'gitea.log');
  const config = path.join(folder, 'app.ini');
  const serverEnv = { ...env, HOME: path.join(folder, 'home'), GITEA_WORK_DIR: folder };
  const admin = { login: 'stack-admin', password: randomBytes(12).toString('hex') };
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    writeFileSync(config, appIni(folder, binaries.giteaRoot, port, sections), { mode: 0o600 });
    const cli = (...args: string[]) =>
      run(binaries.gitea, ['--config', config, ...args], { env: serverEnv, cwd: folder });
    if (attempt === 1) await cli('migrate');
    const server = start([binaries.gitea, '--config', config, 'web'], { env: serverEnv, cwd: folder, output: logFile });
    if (!(await answers(url, server))) {
      // Somebody took the port between our look and its start; anything else fails again and is shown.
      if (attempt < 3) continue;
      throw new Error(`Gitea does not start:\n${readFileSync(logFile, 'utf8').split('\n').slice(-20).join('\n')}`);
    }
    const create = ['admin', 'user', 'create', '--admin', '--username', admin.login, '--password', admin.password];
    await cli(...create, '--email', `${admin.login}@example.test`, '--must-change-password=false');
    const token = await createToken(url, admin);
    return {
      url,
      admin: { ...admin, token },
      process: server,
      logFile,
      async registrationToken() {
        const { stdout } = await cli('actions', 'generate-runner-token');
        return stdout.trim().split('\n').at(-1) ?? '';
      },
    };
  }
}

/** An access token with every scope, made with the account's password: tokens cannot be made with a token. */
export async function createToken(url: string, account: { login: string; password: string }): Promise<string> {
  const answer = await fetch(`${url}/api/v1/users/${account.login}/tokens`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${account.login}:${account.password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ name: `stack-${randomBytes(4).toString('hex')}`, scopes: ['all'] }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`no access token for ${account.login}: ${answer.status} ${text}`);
  return (JSON.parse(text) as { sha1: string }).sha1;
}

async function answers(url: string, server: Started): Promise<boolean> {
  let gone = false;
  void server.gone.then(() => (gone = true));
  for (let tries = 0; tries < 600 && !gone; tries += 1) {
    const ok = await fetch(`${url}/api/v1/version`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok && !gone) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

/** A TCP port of the loopback interface that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** spec: platform.md "A real forge for tests, without Docker" */
function appIni(folder: string, root: string | null, port: number, extra: IniSections): string {
  const secret = (bytes: number) => randomBytes(bytes).toString('base64url');
  const sections: Record<string, Record<string, string | number | boolean>> = {
    '': {
      APP_NAME: 'Conveyor stack',
      RUN_MODE: 'prod',
      RUN_USER: os.userInfo().username,
      WORK_PATH: folder,
      ...(process.getuid?.() === 0 ? { I_AM_BEING_UNSAFE_RUNNING_AS_ROOT: true } : {}),
    },
    server: {
      PROTOCOL: 'http',
      HTTP_ADDR: '127.0.0.1',
      HTTP_PORT: port,
      ROOT_URL: `http://127.0.0.1:${port}/`,
      OFFLINE_MODE: true,
      DISABLE_SSH: true,
      LFS_START_SERVER: false,
      APP_DATA_PATH: path.join(folder, 'data'),
      ...(root === null ? {} : { STATIC_ROOT_PATH: root }),
    },
    database: { DB_TYPE: 'sqlite3', PATH: path.join(folder, 'gitea.db'), SQLITE_JOURNAL_MODE: 'WAL' },
    security: { INSTALL_LOCK: true, SECRET_KEY: secret(32), INTERNAL_TOKEN: secret(48) },
    oauth2: { ENABLED: false, JWT_SECRET: secret(32) },
    service: { DISABLE_REGISTRATION: true },
    repository: { ROOT: path.join(folder, 'repositories'), DEFAULT_BRANCH: 'main' },
    indexer: { ISSUE_INDEXER_TYPE: 'db' },
    // The receivers of the tests are on this machine.
    webhook: { ALLOWED_HOST_LIST: '*' },
    'cron.update_checker': { ENABLED: false },
    log: { MODE: 'console', LEVEL: 'warn' },
    actions: { ENABLED: true, DEFAULT_ACTIONS_URL: 'self' },
  };
  for (const [name, keys] of Object.entries(extra)) sections[name] = { ...sections[name], ...keys };
  return Object.entries(sections)
    .map(([name, keys]) => {
      const lines = Object.entries(keys).map(([key, value]) => `${key} = ${value}`);
      return [...(name === '' ? [] : [`[${name}]`]), ...lines, ''].join('\n');
    })
    .join('\n');
}
