// Staging suite: --base-url <url> --mode stub|full [--strict]. Exit 0 all ok, 1 some failed, 2 this is not staging.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { 'base-url': { type: 'string' }, mode: { type: 'string', default: 'stub' }, strict: { type: 'boolean' } },
});
const base = values['base-url']?.replace(/\/+$/, '');
if (!base) {
  process.stderr.write('--base-url is missing\n');
  process.exit(2);
}

const get = (where, init) =>
  fetch(`${base}${where}`, { ...init, signal: AbortSignal.timeout(10_000), redirect: 'manual' });
const checks = [];
async function check(id, block, title, run) {
  try {
    checks.push({ id, block, title, status: 'pass', detail: String(await run()) });
  } catch (error) {
    if (error.cause?.code !== undefined) throw error; // The network is nobody's red check.
    checks.push({ id, block, title, status: 'fail', detail: error.message });
  }
}
const must = (held, text) => {
  if (!held) throw new Error(text);
  return text;
};

let health = {};
try {
  await check('A1', 'smoke', '/health says ok', async () => {
    const response = await get('/health');
    health = await response.json().catch(() => ({}));
    return must(response.status === 200 && health.status === 'ok', `HTTP ${response.status}, status ${health.status}`);
  });
  // The server says where we are; nothing else is asked of anything that is not staging.
  if (health.environment !== undefined && health.environment !== 'staging') {
    process.stderr.write(`${base} says it is ${health.environment}, not staging: nothing was tested\n`);
    process.exit(2);
  }
  await check('A3', 'smoke', 'the server is staging', () =>
    must(health.environment === 'staging', `environment ${health.environment}`),
  );
  await check('B1', 'access', '/tracks is a list of tracks', async () => {
    const response = await get('/tracks');
    const tracks = response.status === 200 ? await response.json() : [];
    return must(
      tracks.length > 0 && tracks.every(({ title }) => typeof title === 'string'),
      `HTTP ${response.status}, ${tracks.length} tracks`,
    );
  });
  await check('C1', 'e2e', 'unknown paths are 404', async () => {
    const { status } = await get('/no-such-path');
    return must(status === 404, `HTTP ${status}`);
  });
} catch (error) {
  process.stderr.write(`${error.cause?.code === 'ECONNREFUSED' ? 'Connection refused' : error.message}: ${base}\n`);
  process.exit(255);
}

for (const { id, status, title, detail } of checks)
  process.stdout.write(`${status === 'pass' ? 'PASS' : 'FAIL'} ${id} ${title}: ${detail}\n`);
if (process.env.CONVEYOR_SUITE_OUT) {
  const proof = {
    schema: 'conveyor/staging-suite@1',
    revision: health.commit ?? '',
    nonce: process.env.CONVEYOR_SUITE_NONCE ?? '',
    checks,
  };
  writeFileSync(process.env.CONVEYOR_SUITE_OUT, `${JSON.stringify(proof)}\n`);
}
process.exit(checks.every(({ status }) => status === 'pass') ? 0 : 1);
