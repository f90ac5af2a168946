import type { Config, DeployTarget } from '../pipeline/config.ts';
import { stateFolder } from './paths.ts';

export type TargetName = 'staging' | 'production';

/** What one start of the hook is about. spec: delivery §3 */
export interface HookSubject {
  readonly item: string;
  readonly pass: number;
  /** Key on the target: `<ID>.<pass>.<attempt>.<target>`. */
  readonly deployId: string;
  readonly target: TargetName;
  readonly artifact: {
    readonly ref: string;
    readonly digest: string;
    readonly commit: string;
    readonly code_tree: string;
  };
  /** Commit of main that hook and configuration come from. */
  readonly configSha: string;
  readonly startedAt: Date;
}

/** Deploy id of a start. `attempt`: production = starts recorded before + 1, staging = `<run>-<n>`. spec: delivery §1 */
export function deployId(item: string, pass: number, attempt: number | string, target: TargetName): string {
  return `${item}.${pass}.${attempt}.${target}`;
}

/** Address that answers for a target's health. */
export function healthUrl(target: DeployTarget): string {
  return `${target.url.replace(/\/+$/, '')}/${target.health.replace(/^\/+/, '')}`;
}

/** Latest moment at which the hook may still be at work: start + `deploy.timeout_s`. */
export function hookDeadline(startedAt: Date, deploy: Config['deploy']): Date {
  return new Date(startedAt.getTime() + deploy.timeout_s * 1000);
}

const seconds = (at: Date): string => at.toISOString().replace(/\.\d{3}Z$/, 'Z');

export type HookEnvironment =
  | { readonly ok: true; readonly env: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly text: string };

/**
 * The whole environment of a hook: protocol 1, the secrets that `deploy.secrets` names, and `base` (PATH, HOME …).
 * Not ok when the target is not configured or a secret has no value; then nothing may be started. spec: delivery §3
 */
export function hookEnvironment(
  subject: HookSubject,
  deploy: Config['deploy'],
  secrets: Readonly<Record<string, string>>,
  base: Readonly<Record<string, string>>,
): HookEnvironment {
  const target = deploy.targets[subject.target];
  if (target === undefined) return { ok: false, text: `deploy.targets.${subject.target} is not configured` };
  const missing = deploy.secrets.filter((name) => (secrets[name] ?? '') === '');
  if (missing.length > 0)
    return {
      ok: false,
      text: `no value for ${missing.join(', ')}: set the Actions secret ${missing.map((name) => `CONVEYOR_DEPLOY_${name}`).join(', ')}`,
    };
  const { health } = deploy;
  const protocol = {
    CONVEYOR_HOOK_PROTOCOL: '1',
    CONVEYOR_ITEM: subject.item,
    CONVEYOR_PASS: String(subject.pass),
    CONVEYOR_DEPLOY_ID: subject.deployId,
    CONVEYOR_TARGET: subject.target,
    CONVEYOR_ARTIFACT_KIND: deploy.artifact.kind,
    CONVEYOR_ARTIFACT_REF: subject.artifact.ref,
    CONVEYOR_ARTIFACT_DIGEST: subject.artifact.digest,
    CONVEYOR_EXPECTED_REVISION: subject.artifact.commit,
    CONVEYOR_EXPECTED_CODE_TREE: subject.artifact.code_tree,
    CONVEYOR_CONFIG_SHA: subject.configSha,
    CONVEYOR_STATE_DIR: stateFolder(deploy.root),
    CONVEYOR_HEALTH_URL: healthUrl(target),
    CONVEYOR_HEALTH_EXPECT: JSON.stringify(target.expect),
    CONVEYOR_HEALTH_VERSION_FIELD: target.version_field,
    CONVEYOR_HEALTH_ATTEMPTS: String(health.attempts),
    CONVEYOR_HEALTH_INTERVAL_S: String(health.interval_s),
    CONVEYOR_HEALTH_TIMEOUT_S: String(health.timeout_s),
    CONVEYOR_ROLLBACK_ATTEMPTS: String(health.rollback_attempts),
    CONVEYOR_ROLLBACK_INTERVAL_S: String(health.rollback_interval_s),
    CONVEYOR_DEADLINE: seconds(hookDeadline(subject.startedAt, deploy)),
  };
  const named = Object.fromEntries(deploy.secrets.map((name) => [name, secrets[name] ?? '']));
  // The protocol wins: a secret called PATH or CONVEYOR_TARGET must not redirect a deploy.
  return { ok: true, env: { ...named, ...base, ...protocol } };
}
