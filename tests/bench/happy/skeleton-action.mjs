// An action that does nothing but say its name, in place of each real one. The last step of a run starts the next run
// of the plan, as the real chain does: by a push on which CI runs, or by a dispatch.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { request } = createRequire(import.meta.url)('node:http');
const { plan, told } = JSON.parse(readFileSync(new URL('./plan.json', import.meta.url), 'utf8'));
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_EVENT_PATH } = process.env;
const input = (name) => process.env[`INPUT_${name.toUpperCase()}`] ?? '';

/** Position of this run in the plan; null = a run at its side. */
function position() {
  for (const name of ['digest', 'attempt', 'events']) if (/^\d+$/.test(input(name))) return Number(input(name));
  const event = existsSync(GITHUB_EVENT_PATH ?? '') ? JSON.parse(readFileSync(GITHUB_EVENT_PATH, 'utf8')) : {};
  const run = event.workflow_run;
  const found =
    run?.event === 'push' ? /^skeleton (\d+) waits/.exec(run.display_title ?? run.head_commit?.message ?? '') : null;
  return found === null ? null : Number(found[1]) + 0.5;
}

function send(method, url, body) {
  const headers = { authorization: `token ${input('forge-token')}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () =>
        answer.statusCode < 300 ? resolve(text) : reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`)),
      );
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

const root = `${GITHUB_SERVER_URL}/api/v1/repos/${GITHUB_REPOSITORY}`;
const branch = 'feature/skeleton';

async function push(at, step) {
  const first = plan.findIndex((other) => other.pushes) === at;
  const message = `skeleton ${at} ${step.waitsForCi ? 'waits' : 'goes on'}`;
  const onto = first ? { branch: 'main', new_branch: branch } : { branch };
  await send('POST', `${root}/contents/skeleton-${at}.txt`, { content: 'c2tlbGV0b24K', message, ...onto });
}

async function dispatch(at) {
  const { workflow } = plan[at];
  const own =
    workflow === 'conveyor-event.yml'
      ? { events: String(at) }
      : workflow === 'conveyor-confirm-deploy.yml'
        ? { item: 'ET-1', digest: String(at) }
        : { item: 'ET-1', token: `skeleton-${at}`, round: '1', attempt: String(at), title: `skeleton ${at}` };
  await send('POST', `${root}/actions/workflows/${workflow}/dispatches`, { ref: 'main', inputs: own });
}

console.log('skeleton');
if (/\/(op-land|op-intake|op-confirm-deploy)\.mjs$/.test(process.argv[1] ?? '')) {
  const at = position();
  if (at !== null) {
    const step = plan[Math.floor(at)];
    // The event run after CI only goes on.
    const returns = !Number.isInteger(at);
    if (!returns && step.pushes) await push(at, step);
    if (!returns && step.opensPull)
      await send('POST', `${root}/pulls`, { head: branch, base: 'main', title: 'skeleton' });
    const next = Math.floor(at) + 1;
    if (returns || !step.waitsForCi) await (next < plan.length ? dispatch(next) : send('POST', told, {}));
  }
}
