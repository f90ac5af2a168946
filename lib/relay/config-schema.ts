import { z } from 'zod';

const Url = z
  .string()
  .max(200)
  .regex(/^https?:\/\/[^\s/]+\S*$/, 'must be an http(s) URL')
  .transform((url) => url.replace(/\/+$/, ''));
const EnvironmentName = z.string().regex(/^[A-Z][A-Z0-9_]{0,99}$/, 'must be the name of an environment variable');
const Uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be a uuid in lower case');
/** A section whose absence means its defaults. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).prefault({} as never);

export const RegistryProject = z.strictObject({
  tracker: z.string(),
  project: Uuid,
  forge: z.string(),
  repository: z.string().regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/, 'must be owner/name'),
  prefix: z.string().regex(/^[A-Z][A-Z0-9]{1,9}$/, 'must be 2-10 capital letters and digits'),
  overrides: section({ enabled: z.boolean().default(true) }),
});

/** `relay.yml`; projects are judged one by one (O-C-10). spec: operations §1.4 */
export const RelayFile = z.strictObject({
  version: z.literal(1),
  environment: z.enum(['production', 'staging']),
  listen: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:[\]]+):\d{1,5}$/, 'must be host:port')
    .default('127.0.0.1:8787'),
  spool: section({
    dir: z.string().startsWith('/', 'must be an absolute path').default('/var/lib/conveyor/spool'),
    max_bytes: z.int().min(1_048_576).default(536_870_912),
    drop_max_s: z.int().min(1).max(9000).default(600),
  }),
  max_body_bytes: z.int().min(65_536).max(67_108_864).default(16_777_216),
  own_actor_ids: z.array(Uuid).max(100).default([]),
  allow_unsigned: z.boolean().default(false),
  dispatch: section({
    attempts: z.int().min(1).max(100).default(12),
    confirm_s: z.int().min(1).max(9000).default(600),
  }),
  trackers: z.record(
    z.string(),
    z.strictObject({
      url: Url,
      workspace: z.string().min(1).max(200),
      token_env: EnvironmentName.default('CONVEYOR_RELAY_TRACKER_TOKEN'),
      secret_env: z
        .array(EnvironmentName)
        .min(1)
        .max(2)
        .default(['CONVEYOR_RELAY_WEBHOOK_SECRET', 'CONVEYOR_RELAY_WEBHOOK_SECRET_PREVIOUS']),
    }),
  ),
  forges: z.record(
    z.string(),
    z.strictObject({ url: Url, token_env: EnvironmentName.default('CONVEYOR_RELAY_FORGE_TOKEN') }),
  ),
  projects: z.array(z.unknown()).min(1, 'must list at least one project'),
});
export type RelayFile = z.infer<typeof RelayFile>;

/** One registered project: where its events go. */
export interface ProjectEntry {
  readonly tracker: string;
  readonly project: string;
  readonly forge: string;
  readonly repository: string;
  readonly prefix: string;
  readonly enabled: boolean;
}
