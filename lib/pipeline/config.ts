import { distance } from 'fastest-levenshtein';
import { load } from 'js-yaml';
import { z } from 'zod';
import { refusedVariables } from '../base/variable-names.ts';
import { STATUS_KEYS } from './stages.ts';

const seconds = (fallback: number, max = 9000) => z.int().min(1).max(max).default(fallback);
const count = (fallback: number, max = 20) => z.int().min(0).max(max).default(fallback);
const text = (fallback: string, max = 200) => z.string().max(max).default(fallback);
const list = () => z.array(z.string().min(1).max(200)).max(100).default([]);
const repositoryPath = (fallback: string) =>
  text(fallback).refine(
    (path) => !path.startsWith('/') && !path.split('/').includes('..'),
    'must be a path inside the repository without ..',
  );
const url = () =>
  z
    .string()
    .max(200)
    .regex(/^https?:\/\/[^\s/]+[^\s]*$/, 'must be an http(s) URL');
/** `section({...})` = a strict object whose absence means its defaults. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).prefault({} as never);

const target = z.strictObject({
  url: url(),
  health: text('/health'),
  expect: z.record(z.string(), z.string()).default({ status: 'ok' }),
  version_field: text(''),
});
export type DeployTarget = z.infer<typeof target>;

const roleOverrides = z.strictObject({
  model: z.string().max(200).optional(),
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).optional(),
  timeout_s: z.int().min(60).max(9000).optional(),
});

/** `.conveyor/config.yml` of a managed repository: the keys that something built reads. spec: O-C-1…2, operations §1.2 */
export const Config = z.strictObject({
  version: z.literal(1),
  project: z.strictObject({
    prefix: z.string().regex(/^[A-Z][A-Z0-9]{1,9}$/),
    tracker_project: text(''),
    name: text(''),
  }),
  ids: section({ width: z.int().min(0).max(7).default(0) }),
  limits: section({
    runs: z.int().min(1).max(10).default(1),
  }),
  entry: section({
    title_min: z.int().min(1).max(50).default(5),
    title_max: z.int().min(10).max(500).default(200),
    description_min: z.int().min(0).max(5000).default(20),
  }),
  intake: section({ serial: z.boolean().default(true), park_held: z.boolean().default(true) }),
  labels: section({ bug: text('Bug'), auto_approve: text(''), auto_deploy: text('') }),
  trust: section({ min_role: z.union([z.literal(5), z.literal(15), z.literal(20)]).default(15) }),
  analysis: section({ questions: z.boolean().default(true) }),
  tracker: section({
    kind: z.enum(['plane', 'file']).default('plane'),
    workspace: text(''),
    web_url: text(''),
    statuses: z.partialRecord(z.enum(STATUS_KEYS), z.string().min(1).max(200)).default({}),
    states_ttl_s: z.int().min(0).max(3600).default(300),
  }),
  forge: section({ public_url: text(''), bot: text('conveyor-bot') }),
  chat: section({ kind: z.enum(['none', 'console']).default('none') }),
  agents: z.strictObject({
    adapter: z.enum(['command', 'scripted']),
    command: z
      .strictObject({
        argv: z.array(z.string()).min(1),
        prompt: z.enum(['stdin', 'file']).default('stdin'),
        version: z.strictObject({ argv: z.array(z.string()).min(1), min: z.string().default('0.0.0') }).optional(),
        auth: z.strictObject({ argv: z.array(z.string()).min(1) }).optional(),
        env: list(),
        exit: z
          .strictObject({
            ok: z.array(z.int()).default([0]),
            transient: z.array(z.int()).default([75]),
            auth: z.array(z.int()).default([77]),
            config: z.array(z.int()).default([78]),
            usage_limit: z.array(z.int()).default([79]),
            budget: z.array(z.int()).default([80]),
          })
          .prefault({}),
        usage_file: text(''),
      })
      .optional(),
    model: text(''),
    effort: z.enum(['', 'low', 'medium', 'high', 'xhigh', 'max']).default(''),
    timeout_s: z.int().min(60).max(9000).default(1800),
    roles: z
      .partialRecord(z.enum(['analyst', 'architect', 'developer', 'reviewer']), roleOverrides)
      .default({ developer: { timeout_s: 3600 }, reviewer: { timeout_s: 3000 } }),
    env_pass: list(),
    binary: list(),
    max_patch_files: z.int().min(1).max(2000).default(100),
    max_patch_kb: z.int().min(1).max(51_200).default(4096),
  }),
  process: section({
    kill_grace_s: z.int().min(1).max(120).default(20),
    backstop_s: z.int().min(600).max(9000).default(5400),
  }),
  retry: section({
    developer_max: count(3),
    infra_max: count(3),
    infra_delay_s: seconds(60),
    infra_cap_s: seconds(600),
    transient_max: count(6),
    run_max: count(2),
    same_fingerprint_max: count(2, 100),
    entries_max: count(20, 100),
  }),
  ci: section({
    mode: z.enum(['required', 'local', 'none']).default('required'),
    required: list(),
    silence_s: seconds(900, 86_400),
    stuck_s: seconds(14_400, 86_400),
    expect_s: seconds(600, 86_400),
    local_timeout_s: z.int().min(60).max(9000).default(600),
  }),
  docs: section({ enabled: z.boolean().default(true), source: list(), fragment_dir: repositoryPath('changelog.d') }),
  scopes: z
    .partialRecord(
      z.enum(['analyst', 'architect', 'developer', 'reviewer']),
      z.strictObject({ allow: list(), deny: list() }),
    )
    .default({}),
  protected: section({ extra: list() }),
  tests: section({
    install: text('', 2000),
    command: text('', 2000),
    timeout_s: z.int().min(60).max(9000).default(900),
    junit: list(),
    smoke: z.array(url()).max(100).default([]),
  }),
  artifacts: section({ language: text('en') }),
  deploy: section({
    provider: z.enum(['none', 'command']).default('none'),
    confirm: z.boolean().default(true),
    /** Absolute folder on the target that holds store and state. docs/adr: deploy.root */
    root: z
      .string()
      .max(400)
      .default('')
      .refine((path) => path === '' || path.startsWith('/'), 'must be an absolute path on the target'),
    artifact: section({
      kind: z.literal('bundle').default('bundle'),
      build: text('', 2000),
      output: repositoryPath('dist'),
      timeout_s: seconds(1800),
      store: z.literal('directory').default('directory'),
      keep: z.int().min(2).max(50).default(5),
    }),
    hook: repositoryPath('.conveyor/hooks/deploy'),
    secrets: z
      .array(z.string().regex(/^[A-Z][A-Z0-9_]{0,99}$/))
      .max(100)
      .default([]),
    timeout_s: z.int().min(150).max(9000).default(900),
    targets: z.strictObject({ staging: target.optional(), production: target.optional() }).default({}),
    health: section({
      attempts: z.int().min(1).max(100).default(10),
      interval_s: z.number().min(0.05).max(60).default(6),
      timeout_s: z.number().min(0.5).max(60).default(5),
      rollback_attempts: z.int().min(1).max(100).default(5),
      rollback_interval_s: z.number().min(0.05).max(60).default(3),
    }),
    staging: section({
      suite: text(''),
      timeout_s: seconds(300),
      infra_tolerance: z.boolean().default(true),
      strict: z.boolean().default(false),
      waivable: list(),
      infra_retries: count(3),
    }),
    approval: section({ ttl_h: z.int().min(1).max(720).default(24), approvers: list() }),
    merge: section({
      style: z.enum(['merge', 'squash', 'rebase']).default('merge'),
      attempts: z.int().min(1).max(10).default(3),
      backoff_base_s: z.number().min(0.05).max(60).default(2),
      backoff_max_s: z.number().min(0.05).max(60).default(5),
    }),
  }),
  retention: section({
    /** A finished item stays in the live ledger so long, then it moves to the archive. 0 = with the next pass. */
    live_after_done_s: z.int().min(0).max(31_536_000).default(86_400),
  }),
  runners: section({
    agent: text('conveyor-agent'),
    work: text('conveyor'),
    deploy: text('conveyor-deploy'),
  }),
});
export type Config = z.infer<typeof Config>;

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly errors: readonly string[] };

/**
 * Parses the text of `.conveyor/config.yml`. Strict: no coercion, unknown keys are errors that name the nearest key,
 * up to 20 errors at once; never a silent default for a wrong value. Never throws. spec: O-C-2, O-C-6
 */
export function parseConfig(source: string): ConfigResult {
  if (Buffer.byteLength(source) > 64 * 1024)
    return { ok: false, errors: ['config.yml is larger than 64 KiB: shorten it'] };
  if (/(^|[\s[{,:-])[&*][A-Za-z]/m.test(source.replace(/'[^']*'|"[^"]*"|#.*$/gm, '')))
    return { ok: false, errors: ['config.yml uses a YAML anchor or alias: write the value out'] };
  let data: unknown;
  try {
    data = load(source);
  } catch (thrown) {
    return { ok: false, errors: [`config.yml is not valid YAML: ${(thrown as Error).message.split('\n')[0]}`] };
  }
  const parsed = Config.safeParse(data);
  if (!parsed.success) return { ok: false, errors: parsed.error.issues.flatMap(describe).slice(0, 20) };
  const errors = crossFieldErrors(parsed.data);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, config: parsed.data };
}

function describe(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.join('.') || '(top level)';
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const near = knownKeys(issue.path).find((known) => distance(known, key) <= 3);
      return `${[...issue.path, key].join('.')}: unknown key${near === undefined ? '' : ` (did you mean ${near}?)`}`;
    });
  return [`${at}: ${issue.message}`];
}

function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = Config;
  for (const key of path) schema = (unwrap(schema) as { shape?: Record<PropertyKey, unknown> }).shape?.[key];
  return Object.keys((unwrap(schema) as { shape?: object } | undefined)?.shape ?? {});
}

function unwrap(schema: unknown): unknown {
  const inner = (schema as { def?: { innerType?: unknown } } | undefined)?.def?.innerType;
  return inner === undefined ? schema : unwrap(inner);
}

/** spec: operations O-X1, O-X2, O-X6, AG-SEC-2 */
function crossFieldErrors(config: Config): string[] {
  const errors: string[] = [];
  const roles = Object.values(config.agents.roles).map((role) => role?.timeout_s ?? 0);
  const largest = Math.max(config.agents.timeout_s, ...roles);
  if (config.process.backstop_s <= largest + config.process.kill_grace_s)
    errors.push(
      `process.backstop_s ${config.process.backstop_s} must be larger than the largest role time-out plus kill grace (${largest + config.process.kill_grace_s})`,
    );
  if (config.agents.adapter === 'command' && config.agents.command === undefined)
    errors.push('agents.command: required when agents.adapter is command');
  errors.push(...refusedVariables({ pass: config.agents.env_pass, credentials: config.agents.command?.env ?? [] }));
  if (config.tracker.kind === 'plane' && (config.tracker.workspace === '' || config.project.tracker_project === ''))
    errors.push('tracker.workspace and project.tracker_project: required when tracker.kind is plane');
  if (config.deploy.provider === 'none') return errors;
  const { staging, production } = config.deploy.targets;
  if (staging === undefined || production === undefined)
    errors.push('deploy.targets: staging and production are required unless deploy.provider is none');
  else if (staging.url === production.url) errors.push('deploy.targets: staging and production have the same url');
  if (config.deploy.staging.suite === '') errors.push('deploy.staging.suite: required unless deploy.provider is none');
  if (config.deploy.artifact.build === '')
    errors.push('deploy.artifact.build: required unless deploy.provider is none');
  if (config.deploy.root === '') errors.push('deploy.root: required unless deploy.provider is none');
  return errors;
}
