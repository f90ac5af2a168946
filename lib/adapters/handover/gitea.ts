import { z } from 'zod';
import { errorText, ExternalError } from '../../base/errors.ts';
import type { HandoverPort } from '../../ports/handover.ts';
import { type HttpAnswer, sendHttp } from '../http/send.ts';
import { assertHandoverName, packFiles, unpackFiles } from './pack.ts';
import { parseRuntimeToken } from './runtime-token.ts';

const SERVICE = 'twirp/github.actions.results.api.v1.ArtifactService';
const CALL_TIMEOUT_MS = 10_000;
const TRANSFER_TIMEOUT_MS = 60_000;
/** Waits before the second and third attempt: what an agent made in an hour is not given up for one failed call. */
const WAITS_MS = [1000, 3000] as const;

const Created = z.object({ ok: z.literal(true), signedUploadUrl: z.url() });
const Finalized = z.object({ ok: z.literal(true) });
const Listed = z.object({ artifacts: z.array(z.object({ name: z.string() })).optional() });
const Signed = z.object({ signedUrl: z.url() });

export interface GiteaHandoverOptions {
  /** ACTIONS_RESULTS_URL of the job. */
  readonly resultsUrl: string;
  /** ACTIONS_RUNTIME_TOKEN of the job. */
  readonly runtimeToken: string;
  /** GITHUB_RUN_ID of the job. */
  readonly expectedRunId: string;
  readonly sleep?: (ms: number) => Promise<void>;
}

/**
 * Hand-over through the run's Actions artifacts (service v4): a zip that people can download from the run's page.
 * A name is replaced as a whole, so that a re-run of the job can hand over again. Each transfer is tried three times.
 * @throws ExternalError HANDOVER_FOREIGN_RUN, HANDOVER_TOKEN, HANDOVER_HTTP, HANDOVER_NETWORK, HANDOVER_CONTENT. spec: platform.md
 */
export function createGiteaHandover(options: GiteaHandoverOptions): HandoverPort {
  const service = createService(options);
  return {
    async put(name, files) {
      assertHandoverName(name);
      const { bytes, digest } = packFiles(files);
      const size = bytes.length;
      await repeat(options, async () => {
        const { signedUploadUrl } = await service.call(Created, 'CreateArtifact', { name, version: 4 });
        await service.transfer(`${signedUploadUrl}&comp=appendBlock`, { method: 'PUT', body: bytes });
        await service.call(Finalized, 'FinalizeArtifact', { name, size: String(size), hash: `sha256:${digest}` });
      });
      return { digest, size };
    },
    async get(name) {
      assertHandoverName(name);
      const bytes = await repeat(options, async () => {
        const { artifacts = [] } = await service.call(Listed, 'ListArtifacts', { name_filter: name });
        if (!artifacts.some((artifact) => artifact.name === name)) return null;
        const { signedUrl } = await service.call(Signed, 'GetSignedArtifactURL', { name });
        return service.transfer(signedUrl, { method: 'GET' });
      });
      return bytes === null ? null : unpackFiles(bytes);
    },
  };
}

interface Service {
  call<T extends z.ZodType>(schema: T, method: string, fields: Readonly<Record<string, unknown>>): Promise<z.infer<T>>;
  transfer(url: string, content: Content): Promise<Buffer>;
}
interface Content {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

function createService(options: GiteaHandoverOptions): Service {
  const send = async (what: string, url: string, content: Content, timeoutMs: number): Promise<Buffer> => {
    let answer: HttpAnswer;
    try {
      answer = await sendHttp({ ...content, url, timeoutMs });
    } catch (error) {
      throw new ExternalError(
        'HANDOVER_NETWORK',
        `${what}: ${errorText(error)}`,
        { retryable: true },
        { cause: error },
      );
    }
    if (answer.status >= 200 && answer.status <= 299) return answer.body;
    const text = answer.body.toString('utf8').replaceAll(/\s+/g, ' ').slice(0, 200).trim();
    throw new ExternalError('HANDOVER_HTTP', `${what}: ${answer.status} ${text}`, {
      retryable: answer.status >= 500 || answer.status === 429,
      status: answer.status,
    });
  };
  return {
    async call(schema, method, fields) {
      const { run, job } = ownIds(options);
      const body = JSON.stringify({ workflow_run_backend_id: run, workflow_job_run_backend_id: job, ...fields });
      const headers = { authorization: `Bearer ${options.runtimeToken}`, 'content-type': 'application/json' };
      const url = `${options.resultsUrl.replace(/\/+$/, '')}/${SERVICE}/${method}`;
      const answer = await send(
        `${method} of the artifact service`,
        url,
        { method: 'POST', headers, body },
        CALL_TIMEOUT_MS,
      );
      const parsed = schema.safeParse(parseJson(answer));
      if (parsed.success) return parsed.data;
      throw new ExternalError(
        'HANDOVER_ANSWER',
        `${method} was answered in an unknown shape: is this a Gitea 1.26 or newer?`,
        {
          retryable: false,
        },
      );
    },
    transfer: (url, content) =>
      send(
        `${content.method} of the artifact`,
        url,
        { ...content, headers: { 'content-type': 'application/zip' } },
        TRANSFER_TIMEOUT_MS,
      ),
  };
}

/** A runner that shares one environment between jobs can give us the token of another run. spec: platform.md "Runner" */
function ownIds(options: GiteaHandoverOptions): { readonly run: string; readonly job: string } {
  const ids = parseRuntimeToken(options.runtimeToken);
  if (ids.run === options.expectedRunId) return ids;
  throw new ExternalError(
    'HANDOVER_FOREIGN_RUN',
    `the runtime token of this job belongs to run ${ids.run}, the job to run ${options.expectedRunId}: the runner mixed up two jobs. Run it again; capacity 1 for the runner avoids it.`,
    { retryable: true },
  );
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

async function repeat<T>(options: GiteaHandoverOptions, work: () => Promise<T>): Promise<T> {
  const sleep = options.sleep ?? ((ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
  for (const waitMs of WAITS_MS) {
    try {
      return await work();
    } catch (error) {
      const hopeful = error instanceof ExternalError && error.detail.retryable && error.code !== 'HANDOVER_FOREIGN_RUN';
      if (!hopeful) throw error;
      await sleep(waitMs);
    }
  }
  return work();
}
