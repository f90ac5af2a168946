import { describe, expect, it } from 'vitest';
import { parseConfig } from '../pipeline/config.ts';
import { deployId, healthUrl, hookEnvironment } from './hook-environment.ts';
import type { HookSubject } from './hook-environment.ts';

const parsed = parseConfig(`
version: 1
project: {prefix: ET}
tracker: {kind: file}
agents: {adapter: scripted}
deploy:
  provider: command
  root: /srv/app
  secrets: [APP_TOKEN]
  artifact: {build: npm run build}
  staging: {suite: .conveyor/hooks/staging-suite}
  targets:
    staging: {url: "http://app.example.org:8501"}
    production: {url: "http://app.example.org:8500/", version_field: digest}
`);
if (!parsed.ok) throw new Error(parsed.errors.join());
const { deploy } = parsed.config;
const subject: HookSubject = {
  item: 'ET-12',
  pass: 2,
  deployId: deployId('ET-12', 2, 1, 'production'),
  target: 'production',
  artifact: { ref: '/srv/app/store/9f3c/artifact', digest: 'sha256:9f3c', commit: '4be1', code_tree: 'c3d9' },
  configSha: 'e01f',
  startedAt: new Date('2026-01-20T11:02:00.123Z'),
};

describe('environment of the hook', () => {
  it('delivery §3: exactly protocol 1, the named secrets and the base', () => {
    expect(hookEnvironment(subject, deploy, { APP_TOKEN: 't', OTHER: 'never' }, { PATH: '/bin' })).toEqual({
      ok: true,
      env: {
        PATH: '/bin',
        APP_TOKEN: 't',
        CONVEYOR_HOOK_PROTOCOL: '1',
        CONVEYOR_ITEM: 'ET-12',
        CONVEYOR_PASS: '2',
        CONVEYOR_DEPLOY_ID: 'ET-12.2.1.production',
        CONVEYOR_TARGET: 'production',
        CONVEYOR_ARTIFACT_KIND: 'bundle',
        CONVEYOR_ARTIFACT_REF: '/srv/app/store/9f3c/artifact',
        CONVEYOR_ARTIFACT_DIGEST: 'sha256:9f3c',
        CONVEYOR_EXPECTED_REVISION: '4be1',
        CONVEYOR_EXPECTED_CODE_TREE: 'c3d9',
        CONVEYOR_CONFIG_SHA: 'e01f',
        CONVEYOR_STATE_DIR: '/srv/app/.deploy-state',
        CONVEYOR_HEALTH_URL: 'http://app.example.org:8500/health',
        CONVEYOR_HEALTH_EXPECT: '{"status":"ok"}',
        CONVEYOR_HEALTH_VERSION_FIELD: 'digest',
        CONVEYOR_HEALTH_ATTEMPTS: '10',
        CONVEYOR_HEALTH_INTERVAL_S: '6',
        CONVEYOR_HEALTH_TIMEOUT_S: '5',
        CONVEYOR_ROLLBACK_ATTEMPTS: '5',
        CONVEYOR_ROLLBACK_INTERVAL_S: '3',
        CONVEYOR_DEADLINE: '2026-01-20T11:17:00Z',
      },
    });
  });

  it('a secret without a value stops it before anything starts, and says which Actions secret to set', () => {
    for (const secrets of [{}, { APP_TOKEN: '' }] as readonly Record<string, string>[])
      expect(hookEnvironment(subject, deploy, secrets, {})).toMatchObject({
        ok: false,
        text: expect.stringContaining('CONVEYOR_DEPLOY_APP_TOKEN') as string,
      });
  });

  it('a secret can redirect nothing', () => {
    const hostile = { ...deploy, secrets: ['CONVEYOR_TARGET', 'PATH'] };
    const made = hookEnvironment(subject, hostile, { CONVEYOR_TARGET: 'staging', PATH: '/evil' }, { PATH: '/bin' });
    expect(made.ok && made.env).toMatchObject({ CONVEYOR_TARGET: 'production', PATH: '/bin' });
  });

  it('a target that is not configured is said so', () => {
    expect(hookEnvironment(subject, { ...deploy, targets: {} }, { APP_TOKEN: 't' }, {})).toMatchObject({ ok: false });
  });

  it('slashes of url and health path make one', () => {
    const target = { url: 'http://h:1//', health: '//status', expect: {}, version_field: '' };
    expect(healthUrl(target)).toBe('http://h:1/status');
  });
});
