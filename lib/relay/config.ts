import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { join } from 'node:path';
import { ConfigError } from '../base/errors.ts';
import { type ProjectEntry, RegistryProject, RelayFile } from './config-schema.ts';
import { unknownNames } from './environment.ts';
import { describeIssue } from './describe-issue.ts';
import type { LiveSecret } from './signature.ts';

/** Everything the relay runs with; secrets are values here and stand in no log. */
export interface RelayConfig {
  readonly environment: 'production' | 'staging';
  readonly host: string;
  readonly port: number;
  readonly spool: { readonly directory: string; readonly maxBytes: number; readonly dropMaxS: number };
  readonly maxBodyBytes: number;
  readonly ownActorIds: readonly string[];
  readonly allowUnsigned: boolean;
  readonly dispatch: { readonly attempts: number; readonly confirmS: number };
  readonly trackers: Readonly<
    Record<string, { readonly url: string; readonly workspace: string; readonly token: string }>
  >;
  readonly forges: Readonly<Record<string, { readonly url: string; readonly token: string }>>;
  readonly projects: readonly ProjectEntry[];
  readonly secrets: readonly LiveSecret[];
  readonly statusToken: string | null;
}

export type RelayConfigResult =
  | {
      readonly ok: true;
      readonly config: RelayConfig;
      /** Bad entries that were left out, one text each. */ readonly skipped: readonly string[];
    }
  | { readonly ok: false; readonly errors: readonly string[] };

export type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[?::1\]?|localhost)$/;

/**
 * Parses `relay.yml` with the environment's secrets. Strict; all errors at once (≤ 20), never a default for a wrong
 * value. Bad project entries are listed in `skipped`; nobody else's events go their way. Pure, never throws.
 * spec: O-C-2, O-C-8, O-C-10, RL-RLY-4
 */
export function parseRelayConfig(source: string, environment: Environment): RelayConfigResult {
  let data: unknown;
  try {
    data = load(source);
  } catch (thrown) {
    return { ok: false, errors: [`relay.yml is not valid YAML: ${(thrown as Error).message.split('\n')[0]}`] };
  }
  const parsed = RelayFile.safeParse(data);
  if (!parsed.success)
    return { ok: false, errors: parsed.error.issues.flatMap((issue) => describeIssue(RelayFile, issue)).slice(0, 20) };
  const file = parsed.data;
  const { projects, skipped } = judgeProjects(file);
  const secrets = Object.entries(file.trackers).flatMap(([tracker, { secret_env }]) =>
    liveSecrets(tracker, secret_env, environment),
  );
  const listen = file.listen.lastIndexOf(':');
  const host = file.listen.slice(0, listen).replace(/^\[|\]$/g, '');
  const port = Number(file.listen.slice(listen + 1));
  const errors = [...environmentErrors(file, environment), ...unsignedErrors(file, host, secrets)];
  if (port > 65_535) errors.push(`listen: port ${port} is larger than 65535`);
  if (projects.length === 0) errors.push(...skipped, 'projects: no usable entry is left');
  if (errors.length > 0) return { ok: false, errors: errors.slice(0, 20) };
  const config: RelayConfig = {
    environment: file.environment,
    host,
    port,
    spool: { directory: file.spool.dir, maxBytes: file.spool.max_bytes, dropMaxS: file.spool.drop_max_s },
    maxBodyBytes: file.max_body_bytes,
    ownActorIds: file.own_actor_ids,
    allowUnsigned: file.allow_unsigned,
    dispatch: { attempts: file.dispatch.attempts, confirmS: file.dispatch.confirm_s },
    trackers: mapValues(file.trackers, ({ url, workspace, token_env }) => ({
      url,
      workspace,
      token: environment[token_env] ?? '',
    })),
    forges: mapValues(file.forges, ({ url, token_env }) => ({ url, token: environment[token_env] ?? '' })),
    projects,
    secrets,
    statusToken: environment.CONVEYOR_RELAY_STATUS_TOKEN || null,
  };
  return { ok: true, config, skipped };
}

/** A loaded configuration and where it came from. */
export interface LoadedRelay {
  readonly config: RelayConfig;
  readonly skipped: readonly string[];
  /** Text in force: what `keepLastGood` stores. */
  readonly source: string;
  readonly path: string;
  /** Why the stored version serves instead of the file; null = the file itself. */
  readonly fallback: string | null;
}

/**
 * Reads and parses the file (`CONVEYOR_RELAY_CONFIG`, else `relay.yml`). A file that cannot be used at all falls back
 * to the version stored beside the spool. Throws `ConfigError` RELAY_CONFIG with every error. spec: O-C-10
 */
export async function loadRelayConfig(
  environment: Environment,
  path = environment.CONVEYOR_RELAY_CONFIG || 'relay.yml',
): Promise<LoadedRelay> {
  const source = await readFile(path, 'utf8').catch((thrown: unknown) => {
    throw new ConfigError(
      'RELAY_CONFIG',
      `${path} cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'error'}): set CONVEYOR_RELAY_CONFIG to the path of relay.yml`,
    );
  });
  const result = parseRelayConfig(source, environment);
  if (result.ok) return { config: result.config, skipped: result.skipped, source, path, fallback: null };
  const why = `${path}: ${result.errors.join('; ')}`;
  const stored = await readFile(lastGoodPath(spoolDirectoryIn(source)), 'utf8').catch(() => null);
  const kept = stored === null ? null : parseRelayConfig(stored, environment);
  if (stored === null || kept === null || !kept.ok)
    throw new ConfigError('RELAY_CONFIG', `${why}. Correct the file; no earlier version is stored`);
  return { config: kept.config, skipped: kept.skipped, source: stored, path, fallback: why };
}

/** Where the last good registry is kept. spec: O-C-10 */
export function lastGoodPath(spoolDirectory: string): string {
  return join(spoolDirectory, 'relay.last-good.yml');
}

/** The spool of a file that may be broken elsewhere. */
function spoolDirectoryIn(source: string): string {
  return /\bdir:\s*["']?(\/[^\s"',}]+)/.exec(source)?.[1] ?? '/var/lib/conveyor/spool';
}

function judgeProjects(file: RelayFile): { projects: ProjectEntry[]; skipped: string[] } {
  const skipped: string[] = [];
  const entries = file.projects.flatMap((raw, index): ProjectEntry[] => {
    const parsed = RegistryProject.safeParse(raw);
    if (!parsed.success) {
      skipped.push(
        ...parsed.error.issues
          .flatMap((issue) => describeIssue(RegistryProject, issue))
          .map((text) => `projects.${index}.${text}`),
      );
      return [];
    }
    const { overrides, ...entry } = parsed.data;
    const dangling = [
      ...(Object.hasOwn(file.trackers, entry.tracker) ? [] : [`tracker ${entry.tracker} is not in trackers`]),
      ...(Object.hasOwn(file.forges, entry.forge) ? [] : [`forge ${entry.forge} is not in forges`]),
    ];
    skipped.push(...dangling.map((text) => `projects.${index}: ${text}`));
    return dangling.length > 0 ? [] : [{ ...entry, enabled: overrides.enabled }];
  });
  const twice = (['project', 'repository', 'prefix'] as const).flatMap((field) =>
    [...Map.groupBy(entries, (entry) => entry[field].toLowerCase())].flatMap(([value, group]) =>
      group.length > 1 ? [{ field, value, group }] : [],
    ),
  );
  skipped.push(
    ...twice.map(
      ({ field, value, group }) => `projects: ${field} ${value} stands in ${group.length} entries, none of them counts`,
    ),
  );
  const doubled = new Set(twice.flatMap(({ group }) => group));
  return { projects: entries.filter((entry) => !doubled.has(entry)), skipped };
}

function liveSecrets(tracker: string, names: readonly string[], environment: Environment): LiveSecret[] {
  return names.flatMap((name, index) => {
    const value = environment[name] ?? '';
    return value === '' ? [] : [{ tracker, age: index === 0 ? ('current' as const) : ('previous' as const), value }];
  });
}

function environmentErrors(file: RelayFile, environment: Environment): string[] {
  const named = [
    ...Object.values(file.trackers).flatMap((tracker) => [tracker.token_env, ...tracker.secret_env]),
    ...Object.values(file.forges).map((forge) => forge.token_env),
  ];
  const tokens = [...Object.values(file.trackers), ...Object.values(file.forges)].map((entry) => entry.token_env);
  const missing = [...new Set(tokens)].filter((name) => (environment[name] ?? '') === '');
  return [
    ...unknownNames(environment, named),
    ...missing.map((name) => `environment: ${name} is not set, relay.yml names it as a token`),
  ];
}

function unsignedErrors(file: RelayFile, host: string, secrets: readonly LiveSecret[]): string[] {
  if (file.allow_unsigned && !LOOPBACK.test(host))
    return [`allow_unsigned: only with a loopback listen address, not ${host}`];
  if (file.allow_unsigned) return [];
  return Object.entries(file.trackers)
    .filter(([name]) => !secrets.some((secret) => secret.tracker === name))
    .map(
      ([name, { secret_env }]) =>
        `trackers.${name}: none of ${secret_env.join(', ')} is set, so nothing would be checked: set the webhook's secret`,
    );
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
