import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OTHER_PROJECT, PROJECT } from '../../tests/support/relay/recordings.ts';
import { temporaryDirectory } from '../../tests/support/relay/temporary.ts';
import { lastGoodPath, loadRelayConfig, parseRelayConfig } from './config.ts';
import { RegistryWatch } from './registry-watch.ts';

const environment = {
  CONVEYOR_RELAY_TRACKER_TOKEN: 'tracker-token',
  CONVEYOR_RELAY_FORGE_TOKEN: 'forge-token',
  CONVEYOR_RELAY_WEBHOOK_SECRET: 'new',
  CONVEYOR_RELAY_WEBHOOK_SECRET_PREVIOUS: 'old',
  CONVEYOR_RELAY_STATUS_TOKEN: 'status',
};
const project = (change: Record<string, unknown> = {}) =>
  JSON.stringify({
    tracker: 'plane',
    project: PROJECT,
    forge: 'gitea',
    repository: 'acme/gpx',
    prefix: 'ET',
    ...change,
  });
const file = (change: { head?: string; projects?: readonly string[]; spool?: string } = {}) => `version: 1
environment: production
spool: {dir: ${change.spool ?? '/var/lib/conveyor/spool'}}
${change.head ?? ''}
trackers: {plane: {url: "http://plane:8000/", workspace: acme, secret_env: [CONVEYOR_RELAY_WEBHOOK_SECRET, CONVEYOR_RELAY_WEBHOOK_SECRET_PREVIOUS]}}
forges: {gitea: {url: "http://gitea:3000"}}
projects: [${(change.projects ?? [project()]).join(', ')}]
`;
const errors = (source: string, env: Record<string, string | undefined> = environment) => {
  const result = parseRelayConfig(source, env);
  return result.ok ? [] : result.errors;
};

describe('relay.yml', () => {
  it('operations §1.4: defaults, secrets by age, tokens by name', () => {
    const result = parseRelayConfig(file(), environment);
    expect(result).toMatchObject({
      ok: true,
      skipped: [],
      config: {
        environment: 'production',
        host: '127.0.0.1',
        port: 8787,
        maxBodyBytes: 16_777_216,
        spool: { directory: '/var/lib/conveyor/spool', maxBytes: 536_870_912, dropMaxS: 600 },
        dispatch: { attempts: 12, confirmS: 600 },
        trackers: { plane: { url: 'http://plane:8000', token: 'tracker-token' } },
        forges: { gitea: { token: 'forge-token' } },
        secrets: [
          { tracker: 'plane', age: 'current', value: 'new' },
          { tracker: 'plane', age: 'previous', value: 'old' },
        ],
        projects: [{ repository: 'acme/gpx', enabled: true }],
        statusToken: 'status',
      },
    });
  });

  it.each([
    ['max_body_byte: 5', 'max_body_byte: unknown key (did you mean max_body_bytes?)'],
    ['dispatch: {attempt: 3}', 'dispatch.attempt: unknown key (did you mean attempts?)'],
    ['dispatch: {attempts: "3"}', 'dispatch.attempts'],
    ['listen: 8787', 'listen'],
    ['listen: "127.0.0.1:99999"', 'port 99999'],
    ['own_actor_ids: [bob]', 'own_actor_ids.0: must be a uuid'],
    ['canary: {interval_s: 600}', 'canary: unknown key'],
  ])('O-C-2: %s is an error that names it', (head, expected) => {
    expect(errors(file({ head })).join('\n')).toContain(expected);
  });

  it('O-C-2: a key of a named section is suggested too, and YAML faults have one line', () => {
    expect(errors(file().replace('workspace:', 'workspac:')).join()).toContain(
      'trackers.plane.workspac: unknown key (did you mean workspace?)',
    );
    expect(errors('version: [')).toEqual([expect.stringContaining('relay.yml is not valid YAML')]);
    expect(errors('version: 1\nversion: 1\n')).toEqual([expect.stringContaining('relay.yml is not valid YAML')]);
  });

  it('O-C-8: an empty list, or one without a usable entry, refuses to start', () => {
    expect(errors(file({ projects: [] })).join()).toContain('must list at least one project');
    expect(errors(file({ projects: [project({ prefix: 'et' })] })).join()).toContain('no usable entry is left');
  });

  it('O-C-10, O-C-8: a bad entry is skipped with an error, others run; of doubled entries none counts', () => {
    const other = project({ project: OTHER_PROJECT, repository: 'acme/other', prefix: 'OTH' });
    const skipped = (...projects: string[]) => {
      const result = parseRelayConfig(file({ projects }), environment);
      return result.ok ? { skipped: result.skipped, left: result.config.projects.map(({ prefix }) => prefix) } : null;
    };
    expect(skipped(project({ prefix: 'e' }), other)).toMatchObject({
      left: ['OTH'],
      skipped: [expect.stringContaining('projects.0.prefix')],
    });
    expect(skipped(project({ forge: 'github' }), other)).toMatchObject({
      left: ['OTH'],
      skipped: ['projects.0: forge github is not in forges'],
    });
    expect(skipped(project({ canary_issue: PROJECT }), other)?.left).toEqual(['OTH']);
    const third = project({ project: '00000000-0000-4000-8000-000000000000', repository: 'acme/third', prefix: 'TH' });
    expect(skipped(project(), project({ repository: 'acme/x', prefix: 'X1' }), third)?.left).toEqual(['TH']);
    expect(
      skipped(project(), project({ project: OTHER_PROJECT, repository: 'ACME/gpx', prefix: 'X1' }), third)?.left,
    ).toEqual(['TH']);
    expect(skipped(project(), project({ project: OTHER_PROJECT, repository: 'acme/x' }), third)?.left).toEqual(['TH']);
  });
});

describe('secrets and environment of the relay', () => {
  const without = {
    ...environment,
    CONVEYOR_RELAY_WEBHOOK_SECRET: '',
    CONVEYOR_RELAY_WEBHOOK_SECRET_PREVIOUS: undefined,
  };

  it('case 2, RL-RLY-4: an empty secret list refuses to start, also on loopback', () => {
    expect(errors(file(), without).join()).toContain('nothing would be checked');
    expect(errors(file({ head: 'listen: "0.0.0.0:8787"' }), without).join()).toContain('nothing would be checked');
  });

  it('RL-RLY-4: allow_unsigned counts on loopback only', () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]'])
      expect(errors(file({ head: `allow_unsigned: true\nlisten: "${host}:1"` }), without)).toEqual([]);
    for (const host of ['0.0.0.0', '[::]', '10.0.0.5', 'relay.example.org'])
      expect(errors(file({ head: `allow_unsigned: true\nlisten: "${host}:1"` }), without).join()).toContain(
        'allow_unsigned: only with a loopback',
      );
  });

  it('operations §1.3: an unknown CONVEYOR_ name refuses to start and names the nearest', () => {
    expect(errors(file(), { ...environment, CONVEYOR_RELAY_WEBHOOK_SECRT: 'x' }).join()).toContain(
      'CONVEYOR_RELAY_WEBHOOK_SECRT is not a name of Conveyor (did you mean CONVEYOR_RELAY_WEBHOOK_SECRET?)',
    );
    expect(
      errors(file(), { ...environment, CONVEYOR_DEPLOY_SSH_KEY: 'x', CONVEYOR_LOG_LEVEL: 'info', PATH: '/bin' }),
    ).toEqual([]);
  });

  it('operations §1.3: a token that relay.yml names and the environment lacks is an error', () => {
    expect(errors(file(), { ...environment, CONVEYOR_RELAY_FORGE_TOKEN: '' }).join()).toContain(
      'CONVEYOR_RELAY_FORGE_TOKEN is not set',
    );
  });
});

describe('loading and watching the registry', () => {
  it('O-C-10: a file that cannot be parsed falls back to the version stored beside the spool, without one it is refused', async () => {
    await using directory = temporaryDirectory();
    const path = join(directory.path, 'relay.yml');
    const spool = join(directory.path, 'spool');
    mkdirSync(spool);
    writeFileSync(path, `${file({ spool })}\nbroken: [`);
    await expect(loadRelayConfig(environment, path)).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'RELAY_CONFIG',
    });
    writeFileSync(lastGoodPath(spool), file({ spool, head: 'max_body_bytes: 1000000' }));
    const loaded = await loadRelayConfig({ ...environment, CONVEYOR_RELAY_CONFIG: path });
    expect(loaded.config.maxBodyBytes).toBe(1_000_000);
    expect(loaded.fallback).toContain('relay.yml is not valid YAML');
    await expect(loadRelayConfig(environment, join(directory.path, 'nowhere.yml'))).rejects.toThrow(
      'cannot be read (ENOENT)',
    );
  });

  it('O-C-10: a hot reload is whole or not at all, also when only one entry is bad', async () => {
    await using directory = temporaryDirectory();
    const path = join(directory.path, 'relay.yml');
    writeFileSync(path, file());
    const watch = new RegistryWatch(path, environment, file());
    expect(await watch.look()).toEqual({ kind: 'same' });
    writeFileSync(path, file({ projects: [project(), project({ prefix: 'bad' })] }));
    expect(await watch.look()).toMatchObject({
      kind: 'rejected',
      errors: [expect.stringContaining('projects.1.prefix')],
    });
    expect(await watch.look()).toEqual({ kind: 'same' });
    writeFileSync(path, file({ projects: [project({ repository: 'acme/moved' })] }));
    expect(await watch.look()).toMatchObject({ kind: 'changed', config: { projects: [{ repository: 'acme/moved' }] } });
    writeFileSync(path, 'projects: [');
    expect(await watch.look()).toMatchObject({ kind: 'rejected' });
  });
});
