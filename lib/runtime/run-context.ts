import { z } from 'zod';
import { ConfigError } from '../base/errors.ts';

const given = (name: string) => z.string({ error: `${name} is not set` }).min(1, `${name} is empty`);

/** What the runner says about the run an action is part of. */
export const RunContext = z
  .object({
    GITHUB_SERVER_URL: given('GITHUB_SERVER_URL'),
    GITHUB_REPOSITORY: z.string().regex(/^[^/\s]+\/[^/\s]+$/, 'GITHUB_REPOSITORY is not owner/name'),
    GITHUB_RUN_ID: z.string().regex(/^\d+$/, 'GITHUB_RUN_ID is not a number'),
    GITHUB_ACTOR: z.string().default(''),
    GITHUB_EVENT_NAME: z.string().default(''),
    RUNNER_TEMP: z.string().default(''),
    ACTIONS_RESULTS_URL: z.string().default(''),
    ACTIONS_RUNTIME_TOKEN: z.string().default(''),
  })
  .transform((env) => {
    const [owner = '', name = ''] = env.GITHUB_REPOSITORY.split('/');
    const serverUrl = env.GITHUB_SERVER_URL.replace(/\/+$/, '');
    return {
      serverUrl,
      repository: { owner, name },
      runId: env.GITHUB_RUN_ID,
      runUrl: `${serverUrl}/${owner}/${name}/actions/runs/${env.GITHUB_RUN_ID}`,
      actor: env.GITHUB_ACTOR,
      /** As the forge names it; a scheduled run may say `push`, so nothing is decided by it. */
      eventName: env.GITHUB_EVENT_NAME,
      /** Private folder of the job; null when the runner names none. */
      temp: env.RUNNER_TEMP === '' ? null : env.RUNNER_TEMP,
      handover:
        env.ACTIONS_RESULTS_URL === '' || env.ACTIONS_RUNTIME_TOKEN === ''
          ? null
          : { resultsUrl: env.ACTIONS_RESULTS_URL, runtimeToken: env.ACTIONS_RUNTIME_TOKEN },
    };
  });
export type RunContext = Readonly<z.infer<typeof RunContext>>;

/** Parses the runner's environment once. Throws `ConfigError` RUN_CONTEXT: the program was started outside a run. */
export function parseRunContext(env: Readonly<Record<string, string | undefined>>): RunContext {
  const parsed = RunContext.safeParse(env);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => issue.message).join('; ');
  throw new ConfigError('RUN_CONTEXT', `this is an action and starts only in an Actions run: ${faults}.`);
}
