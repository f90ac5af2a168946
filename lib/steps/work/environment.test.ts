import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EnvironmentRequest } from './environment.ts';
import { renderEnvironment } from './environment.ts';

const RUNNER = {
  PATH: '/usr/bin:/run/tree/node_modules/.bin:relative:.::/opt/node/bin:/usr/bin:/run/tree:/run/treehouse/bin',
  HOME: '/home/runner',
  LANG: 'de_DE.UTF-8',
  USER: 'runner',
  HTTPS_PROXY: 'http://proxy.example.org:3128',
  GITHUB_TOKEN: 'canary-1',
  GITHUB_ENV: '/run/env-file',
  GITHUB_PATH: '/run/path-file',
  GITHUB_OUTPUT: '/run/output-file',
  GITHUB_STEP_SUMMARY: '/run/summary-file',
  GITEA_TOKEN: 'canary-2',
  ACTIONS_RUNTIME_TOKEN: 'canary-3',
  ACTIONS_RUNTIME_URL: 'http://forge.example.org/api',
  CONVEYOR_BOT_TOKEN: 'canary-4',
  CONVEYOR_AGENT_KEY: 'canary-5',
  SSH_AUTH_SOCK: '/run/ssh',
  AWS_SECRET_ACCESS_KEY: 'canary-6',
  NPM_TOKEN: 'canary-7',
  OPENAI_API_KEY: 'declared',
  BUILD_FLAVOUR: 'small',
  RANDOM_VARIABLE: 'x',
};
const request = (more: Partial<EnvironmentRequest> = {}): EnvironmentRequest => ({
  source: RUNNER,
  home: '/run/home',
  tmp: '/run/tmp',
  workdir: '/run/tree',
  item: 'ET-12',
  stage: 'development',
  role: 'developer',
  pass: [],
  credentials: [],
  ...more,
});
const envOf = (more: Partial<EnvironmentRequest> = {}): Readonly<Record<string, string>> => {
  const result = renderEnvironment(request(more));
  if (!result.ok) throw new Error(result.errors.join('; '));
  return result.env;
};

describe('environment of agents and branch code', () => {
  it('AG-SEC-1: is exactly the allow-list', () => {
    expect(envOf()).toEqual({
      PATH: '/usr/bin:/opt/node/bin:/run/treehouse/bin',
      HOME: '/run/home',
      TMPDIR: '/run/tmp',
      LANG: 'de_DE.UTF-8',
      USER: 'runner',
      TERM: 'dumb',
      CI: 'true',
      HTTPS_PROXY: 'http://proxy.example.org:3128',
      CONVEYOR_ITEM: 'ET-12',
      CONVEYOR_STAGE: 'development',
      CONVEYOR_ROLE: 'developer',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
    });
  });

  it('AG-SEC-1: no entry of PATH lies in the work tree or is relative; an empty one falls back to the system', () => {
    expect(envOf({ source: { PATH: '/run/tree/bin:bin' } })['PATH']).toBe(
      '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    );
    expect(envOf({ source: { PATH: '/run/other/../tree/bin:/bin' } })['PATH']).toBe('/bin');
  });

  it('agents.env_pass adds names, absent ones are left out', () => {
    expect(envOf({ pass: ['BUILD_FLAVOUR', 'NOT_SET'] })).toMatchObject({ BUILD_FLAVOUR: 'small' });
    expect(envOf({ pass: ['NOT_SET'] })).not.toHaveProperty('NOT_SET');
  });

  it('a passed name does not replace the private folders', () => {
    expect(envOf({ pass: ['HOME', 'PATH'] })).toMatchObject({
      HOME: '/run/home',
      PATH: '/usr/bin:/opt/node/bin:/run/treehouse/bin',
    });
  });

  it('a declared credential of the agent program passes, and only to the agent', () => {
    expect(envOf({ credentials: ['OPENAI_API_KEY'] })).toMatchObject({ OPENAI_API_KEY: 'declared' });
    expect(envOf()).not.toHaveProperty('OPENAI_API_KEY');
  });

  it.each([
    'GITHUB_TOKEN',
    'GITHUB_ENV',
    'GITEA_TOKEN',
    'ACTIONS_RUNTIME_TOKEN',
    'RUNNER_TEMP',
    'INPUT_TOKEN',
    'CONVEYOR_BOT_TOKEN',
    'CONVEYOR_RUN_MARK',
    'SSH_AUTH_SOCK',
    'GIT_DIR',
    'DOCKER_HOST',
    'KUBECONFIG',
    'AWS_REGION',
    'github_token',
    'BAD-NAME',
    '',
    'A=B',
  ])('AG-SEC-2: %j is refused in both lists with an error that names it', (name) => {
    for (const list of ['pass', 'credentials'] as const) {
      const result = renderEnvironment(request({ [list]: [name] }));
      expect(result).toEqual({ ok: false, errors: [expect.stringContaining(JSON.stringify(name))] });
    }
  });

  it.each(['NPM_TOKEN', 'DB_PASSWORD', 'SIGNING_KEY', 'CLIENT_SECRET', 'npm_token'])(
    'AG-SEC-2: %s is refused in agents.env_pass',
    (name) => {
      expect(renderEnvironment(request({ pass: [name] }))).toMatchObject({ ok: false });
    },
  );

  it('AG-TST-6, law: whatever the runner holds, only allow-listed names carry a value of it', () => {
    const allowed = [
      'LANG',
      'LC_ALL',
      'TZ',
      'SHELL',
      'USER',
      'LOGNAME',
      'CONVEYOR_RUN_MARK',
      'SSL_CERT_FILE',
      'SSL_CERT_DIR',
      'NODE_EXTRA_CA_CERTS',
    ];
    const proxies = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'];
    const names = fc.oneof(fc.constantFrom(...Object.keys(RUNNER), ...allowed), fc.stringMatching(/^[A-Z_]{1,20}$/));
    fc.assert(
      fc.property(
        fc.dictionary(
          names,
          fc.string({ minLength: 1 }).map((text) => `canary-${text}`),
        ),
        (source) => {
          const carriers = Object.entries(envOf({ source })).filter(([, value]) => value.includes('canary-'));
          const expected = Object.keys(source).filter((name) => [...allowed, ...proxies].includes(name));
          expect(carriers.map(([name]) => name).toSorted()).toEqual(expected.toSorted());
        },
      ),
    );
  });
});
