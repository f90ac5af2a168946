import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Envelope, parseEvents } from '../../../lib/pipeline/envelope.ts';

/** A run that a dispatch made. `state` is what the API says of it: `status` or `completed/<conclusion>`. */
export interface ForgeRun {
  readonly id: number;
  readonly repository: string;
  readonly envelopes: readonly Envelope[];
  state: string;
}

export type ForgeAnswer =
  | 'hang'
  | 'drop'
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> };

/** The part of a Gitea 1.26 that the relay uses, over real HTTP on a free port. */
export interface ForgeServer extends AsyncDisposable {
  readonly url: string;
  readonly runs: ForgeRun[];
  /** "METHOD /path" of every request, with its query. */
  readonly requests: string[];
  /** Answers requests in Gitea's place; null = as Gitea does. */
  intercept: (request: string) => ForgeAnswer | null;
  /** State of a run when it is made. */
  firstState: string;
  /** Whether a dispatch tells the run id (200) or not (204). */
  tellsRunId: boolean;
  /** Whether the forge has repository_dispatch. */
  repositoryDispatch: boolean;
  config: string | null;
  close(): Promise<void>;
}

export async function startForgeServer(): Promise<ForgeServer> {
  const hanging = new Set<ServerResponse>();
  const server = createServer((incoming, outgoing) => void handle(incoming, outgoing));
  const forge: ForgeServer = {
    url: '',
    runs: [],
    requests: [],
    intercept: () => null,
    firstState: 'completed/success',
    tellsRunId: true,
    repositoryDispatch: false,
    config: null,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    [Symbol.asyncDispose]: () => forge.close(),
  };
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const name = `${incoming.method} ${incoming.url}`;
    const body = await text(incoming);
    forge.requests.push(name);
    const rule = forge.intercept(name);
    if (rule === 'hang') return void hanging.add(outgoing);
    if (rule === 'drop') return void incoming.socket.destroy();
    const answer = rule ?? route(forge, name, body);
    outgoing.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    outgoing.end(answer.body ?? '');
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return Object.assign(forge, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

const json = (value: unknown, status = 200): ForgeAnswer => ({ status, body: JSON.stringify(value) });
type Plain = Exclude<ForgeAnswer, string>;

function route(forge: ForgeServer, request: string, body: string): Plain {
  const [, method = '', repository = '', rest = ''] =
    /^(\w+) \/api\/v1\/repos\/([^/]+\/[^/?]+)(.*)$/.exec(request) ?? [];
  const answers: [RegExp, () => ForgeAnswer][] = [
    [/^GET $/, () => json({ html_url: `${forge.url}/${repository}`, default_branch: 'trunk' })],
    [/^POST \/dispatches$/, () => byRepository(forge, repository, body)],
    [
      /^POST \/actions\/workflows\/conveyor-event\.yml\/dispatches\?return_run_details=true$/,
      () => byWorkflow(forge, repository, body),
    ],
    [/^GET \/actions\/runs\/\d+$/, () => oneRun(forge, rest)],
    [
      /^GET \/actions\/runs\?/,
      () =>
        json({
          workflow_runs: forge.runs
            .filter((run) => run.repository === repository)
            .map(runAnswer)
            .toReversed(),
        }),
    ],
    [
      /^GET \/actions\/runs\/\d+\/jobs$/,
      () => json({ jobs: [{ id: Number(/\d+/.exec(rest)?.[0]) + 5000, status: 'completed' }] }),
    ],
    [/^GET \/actions\/jobs\/\d+\/logs$/, () => jobLog(forge, rest)],
    [
      /^GET \/contents\/\.conveyor\/config\.yml$/,
      () =>
        forge.config === null
          ? json({ message: 'not found' }, 404)
          : json({ encoding: 'base64', content: Buffer.from(forge.config).toString('base64') }),
    ],
  ];
  const answer =
    answers.find(([pattern]) => pattern.test(`${method} ${rest}`))?.[1]() ?? json({ message: 'not found' }, 404);
  return typeof answer === 'string' ? { status: 500 } : answer;
}

function byWorkflow(forge: ForgeServer, repository: string, body: string): ForgeAnswer {
  const { ref, inputs } = JSON.parse(body) as { ref: string; inputs: Record<string, string> };
  if (
    ref !== 'trunk' ||
    Object.keys(inputs).join() !== 'events' ||
    Buffer.byteLength(inputs['events'] ?? '') > 48 * 1024
  )
    return json({ message: 'bad inputs' }, 422);
  const parsed = parseEvents(inputs['events'] ?? '');
  if (!parsed.ok) return json({ message: parsed.error }, 422);
  const run = makeRun(forge, repository, parsed.envelopes);
  return forge.tellsRunId ? json({ workflow_run_id: run.id, run_url: '', html_url: '' }) : { status: 204 };
}

function byRepository(forge: ForgeServer, repository: string, body: string): ForgeAnswer {
  if (!forge.repositoryDispatch) return json({ message: 'The target could not be found.' }, 404);
  const { event_type: type, client_payload: payload } = JSON.parse(body) as {
    event_type: string;
    client_payload: { events: Envelope[] };
  };
  if (type !== 'conveyor') return json({ message: 'unknown type' }, 422);
  makeRun(forge, repository, payload.events);
  return { status: 204 };
}

function makeRun(forge: ForgeServer, repository: string, envelopes: readonly Envelope[]): ForgeRun {
  const run = { id: 100 + forge.runs.length, repository, envelopes, state: forge.firstState };
  forge.runs.push(run);
  return run;
}

function oneRun(forge: ForgeServer, rest: string): ForgeAnswer {
  const run = forge.runs.find(({ id }) => id === Number(rest.split('/').at(-1)));
  return run === undefined ? json({ message: 'no such run' }, 404) : json(runAnswer(run));
}

function jobLog(forge: ForgeServer, rest: string): ForgeAnswer {
  const run = forge.runs.find(({ id }) => id + 5000 === Number(/\d+/.exec(rest)?.[0]));
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: `intake ${run?.envelopes.map(({ correlation }) => correlation).join(' ') ?? ''}\n`,
  };
}

function runAnswer({ id, state }: ForgeRun): object {
  const [status, conclusion] = state.split('/');
  return {
    id,
    display_title: 'intake',
    path: 'conveyor-event.yml@refs/heads/trunk',
    head_sha: '0'.repeat(40),
    status,
    conclusion: conclusion ?? '',
    html_url: '',
    started_at: null,
    completed_at: null,
  };
}

async function text(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
