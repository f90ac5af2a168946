import { z } from 'zod';
import { ExternalError } from '../../base/errors.ts';

const Claims = z.object({ scp: z.string() });

/**
 * The run and job a runtime token speaks for: its claim `scp` holds `Actions.Results:<run>:<job>`.
 * The signature is the forge's to check. @throws ExternalError HANDOVER_TOKEN. spec: platform.md "Dispatch and runs"
 */
export function parseRuntimeToken(token: string): { readonly run: string; readonly job: string } {
  const claims = Claims.safeParse(parsePayload(token));
  const scope = claims.data?.scp.split(' ').find((part) => part.startsWith('Actions.Results:'));
  const [, run, job] = /^Actions\.Results:(\d+):(\d+)$/.exec(scope ?? '') ?? [];
  if (run !== undefined && job !== undefined) return { run, job };
  throw new ExternalError(
    'HANDOVER_TOKEN',
    'ACTIONS_RUNTIME_TOKEN does not say which run it belongs to: the step has to run as a job of Gitea Actions 1.26 or newer',
    { retryable: false },
  );
}

function parsePayload(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
