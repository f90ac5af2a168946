#!/usr/bin/env node
// The deploy hook kit: everything of the hook contract (protocol 1) that is the same for every service.
// Longer than one screen on purpose: it is copied as one file, without packages, into the repositories that deploy with it.
//
//   conveyor-hook.mjs --program <file> --deploy | --rollback | --status | --preflight
//
// <file> is yours, in any language, and answers two calls:
//   <file> activate <ref>   make the artifact at <ref> the serving version (also for going back); exit 0 = done
//   <file> current          print the digest (sha256:…) of the active version, nothing when there is none
// Both see the environment of the contract, plus CONVEYOR_TARGET_DIR: a durable folder of this target.
// For a going back, CONVEYOR_ARTIFACT_REF and CONVEYOR_ARTIFACT_DIGEST name the version to go back to.
//
// Exits: 0 new version serves, healthy · 1 failed, previous version serves · 2 failed, previous could not be restored ·
// 3 nothing changed, or undone after an interruption.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';

const EXIT = { ok: 0, 'rolled-back': 1, 'rollback-failed': 2, refused: 3, interrupted: 3 };
const VERBS = ['--deploy', '--rollback', '--status', '--preflight'];
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Ends the hook with exit 3: nothing was changed. `record: false` when the target must not remember this id. */
class Refusal extends Error {
  constructor(message, { record = true } = {}) {
    super(message);
    this.record = record;
  }
}

// ── environment ──────────────────────────────────────────────────────────────────────────────────────────────────────

function readEnvironment(env) {
  const text = (name, fallback = '') => env[name] || fallback;
  const number = (name, fallback) => {
    const value = text(name, String(fallback));
    if (!/^\d+(\.\d+)?$/.test(value)) throw new Refusal(`${name} is "${value}", expected a number`, { record: false });
    return Number(value);
  };
  const target = text('CONVEYOR_TARGET', 'staging');
  if (target !== 'staging' && target !== 'production')
    throw new Refusal(`CONVEYOR_TARGET is "${target}", expected staging or production`, { record: false });
  const stateDir = text('CONVEYOR_STATE_DIR');
  if (!path.isAbsolute(stateDir))
    throw new Refusal(`CONVEYOR_STATE_DIR is "${stateDir}", expected an absolute folder`, { record: false });
  let expect = {};
  try {
    expect = JSON.parse(text('CONVEYOR_HEALTH_EXPECT', '{}'));
  } catch {
    expect = null;
  }
  if (expect === null || typeof expect !== 'object' || Array.isArray(expect))
    throw new Refusal('CONVEYOR_HEALTH_EXPECT is not a JSON object', { record: false });
  return {
    target,
    // One folder per target, so that two targets may share one state folder and never a lock.
    dir: path.join(stateDir, target),
    id: text('CONVEYOR_DEPLOY_ID'),
    kind: text('CONVEYOR_ARTIFACT_KIND', 'bundle'),
    ref: text('CONVEYOR_ARTIFACT_REF'),
    digest: text('CONVEYOR_ARTIFACT_DIGEST'),
    revision: text('CONVEYOR_EXPECTED_REVISION'),
    codeTree: text('CONVEYOR_EXPECTED_CODE_TREE'),
    checkout: text('CONVEYOR_CHECKOUT'),
    hygiene: text('CONVEYOR_HYGIENE') === '1',
    keep: text('CONVEYOR_HYGIENE_KEEP').split(':').filter(Boolean),
    deadline: text('CONVEYOR_DEADLINE'),
    health: {
      url: text('CONVEYOR_HEALTH_URL'),
      expect,
      versionField: text('CONVEYOR_HEALTH_VERSION_FIELD'),
      timeoutMs: number('CONVEYOR_HEALTH_TIMEOUT_S', 5) * 1000,
    },
    deployProbes: {
      attempts: number('CONVEYOR_HEALTH_ATTEMPTS', 10),
      intervalMs: number('CONVEYOR_HEALTH_INTERVAL_S', 6) * 1000,
    },
    rollbackProbes: {
      attempts: number('CONVEYOR_ROLLBACK_ATTEMPTS', 5),
      intervalMs: number('CONVEYOR_ROLLBACK_INTERVAL_S', 3) * 1000,
    },
  };
}

// ── what the hook says ───────────────────────────────────────────────────────────────────────────────────────────────

const PLAIN_NAMES = /^(CONVEYOR_.*|PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TERM|TMPDIR|TZ|PWD|OLDPWD|SHLVL|CI|_)$/;
const secrets = Object.entries(process.env)
  .filter(([name, value]) => !PLAIN_NAMES.test(name) && value.length >= 6)
  .map(([, value]) => value);
const mask = (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);

const now = () => new Date().toISOString().replace(/\.\d{3}Z$/, 'Z');
let logFile = null;

function print(line) {
  // Synchronous: the last line must be out before the process ends, also when stdout is a pipe.
  try {
    fs.writeSync(1, `${line}\n`);
  } catch (error) {
    if (error.code !== 'EAGAIN' && error.code !== 'EPIPE') throw error;
  }
  if (logFile === null) return;
  try {
    fs.appendFileSync(logFile, `${line}\n`);
  } catch (error) {
    logFile = null; // A full disk after the switch must not change the exit of a deploy.
    log(`warning: the log of this target is not writable any more: ${error.message}`);
  }
}
/** A plain line always starts with the time, so that output of the service can never pass for a machine line. */
function log(text) {
  print(`[${now()}] ${mask(text)}`);
}
function say(event) {
  print(`::conveyor ${mask(JSON.stringify(event))}`);
}

// ── durable files ────────────────────────────────────────────────────────────────────────────────────────────────────

function syncFolder(folder) {
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
function writeSynced(file, data) {
  const handle = fs.openSync(file, 'wx', 0o644);
  try {
    fs.writeSync(handle, `${JSON.stringify(data)}\n`);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
function saveDurable(file, data) {
  const temporary = `${file}.${process.pid}.tmp`;
  fs.rmSync(temporary, { force: true });
  writeSynced(temporary, data);
  fs.renameSync(temporary, file);
  syncFolder(path.dirname(file));
}
function removeDurable(file) {
  fs.rmSync(file, { force: true });
  syncFolder(path.dirname(file));
}
/** null when the file is not there; a file that is there and cannot be read is a refusal, never "nothing". */
function loadJson(file) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw new Refusal(`cannot read ${file}: ${error.message}`, { record: false });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(`${file} is not JSON: repair or remove it when no hook runs`, { record: false });
  }
}

const recordFile = (env, id) => path.join(env.dir, 'records', `${id}.json`);
const loadRecord = (env, id) => loadJson(recordFile(env, id));
const saveRecord = (env, record) => saveDurable(recordFile(env, record.deploy_id), record);
function unfinishedRecords(env) {
  const folder = path.join(env.dir, 'records');
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => loadJson(path.join(folder, name)))
    .filter((record) => record.state === 'running')
    .sort((a, b) => a.order - b.order);
}

// ── processes and the lock ───────────────────────────────────────────────────────────────────────────────────────────

/** Tells two processes with one number apart: boot and start time. null = no such process, or one that has ended. */
function startOf(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`;
  } catch {
    if (fs.existsSync('/proc/self/stat')) return null;
  }
  try {
    process.kill(pid, 0);
    return 'running';
  } catch (error) {
    return error.code === 'EPERM' ? 'running' : null;
  }
}
const isAlive = (holder) => holder !== null && startOf(holder.pid) === holder.start;

/** Newest lock of the target: {number, holder} or null. Numbers rise, so a dead lock is outbid, never taken away. */
function newestLock(env) {
  let names;
  try {
    names = fs.readdirSync(env.dir);
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw new Refusal(`cannot read ${env.dir}: ${error.message}`, { record: false });
  }
  const numbers = names.flatMap((name) => /^lock-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  if (numbers.length === 0) return null;
  const number = Math.max(...numbers);
  return { number, holder: loadJson(path.join(env.dir, `lock-${number}`)) };
}
function liveLock(env) {
  const lock = newestLock(env);
  return lock !== null && isAlive(lock.holder) ? lock : null;
}
const busy = (lock) =>
  new Refusal(`busy: ${lock.holder.id || 'another hook'} holds this target (process ${lock.holder.pid})`, {
    record: false,
  });

function takeLock(env) {
  const draft = path.join(env.dir, `draft-${process.pid}`);
  try {
    fs.mkdirSync(path.join(env.dir, 'records'), { recursive: true });
    fs.appendFileSync(path.join(env.dir, 'hook.log'), '');
    fs.rmSync(draft, { force: true });
    writeSynced(draft, { pid: process.pid, start: startOf(process.pid), id: env.id, at: now() });
  } catch (error) {
    throw new Refusal(`the state folder ${env.dir} is not writable: ${error.message}`, { record: false });
  }
  try {
    for (let round = 0; round < 5; round += 1) {
      const seen = newestLock(env);
      if (seen !== null && isAlive(seen.holder)) throw busy(seen);
      const number = (seen?.number ?? 0) + 1;
      const file = path.join(env.dir, `lock-${number}`);
      try {
        // link(2) is the compare-and-swap: of two hooks that saw the same dead lock, one gets the next number.
        fs.linkSync(draft, file);
      } catch (error) {
        if (error.code === 'EEXIST') continue;
        throw new Refusal(`cannot take the lock of ${env.target}: ${error.message}`, { record: false });
      }
      if (newestLock(env)?.number === number) {
        logFile = path.join(env.dir, 'hook.log');
        return number;
      }
      fs.rmSync(file, { force: true });
    }
    throw new Refusal(`busy: other hooks are taking the lock of ${env.target}`, { record: false });
  } finally {
    fs.rmSync(draft, { force: true });
  }
}
function releaseLock(env, number) {
  for (const name of fs.readdirSync(env.dir)) {
    const match = /^lock-(\d+)$/.exec(name);
    if (match !== null && Number(match[1]) <= number) fs.rmSync(path.join(env.dir, name), { force: true });
  }
}

/** Runs the user's program; its output becomes log lines. Resolves to {code, stdout}; code null = ended by a signal. */
function callProgram(program, args, childEnv, started = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: childEnv, stdio: ['ignore', 'pipe', 'pipe'] });
    child.once('error', reject);
    child.once('spawn', () => started(child.pid));
    const lines = [];
    const quiet = args[0] === 'current';
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        if (stream === child.stdout) lines.push(line);
        if (!quiet || stream === child.stderr) log(`${args[0]}: ${line}`);
      });
    const done = (code) => resolve({ code, stdout: lines.join('\n').trim() });
    child.once('close', done);
    // A service that the program left behind may keep the pipes open for ever: its output is not waited for.
    child.once('exit', (code) => setTimeout(done, 1000, code).unref());
  });
}
const programEnvironment = (env, version) => ({
  ...process.env,
  CONVEYOR_TARGET: env.target,
  CONVEYOR_TARGET_DIR: env.dir,
  ...(version && { CONVEYOR_ARTIFACT_REF: version.ref, CONVEYOR_ARTIFACT_DIGEST: version.digest }),
});

/** Digest of the active version, null when there is none. */
async function askCurrent(env, program) {
  let answer;
  try {
    answer = await callProgram(program, ['current'], programEnvironment(env, null));
  } catch (error) {
    throw new Refusal(`${program} current could not start: ${error.message}`);
  }
  if (answer.code !== 0)
    throw new Refusal(`${program} current ended with ${answer.code}: what is running is not known`);
  if (answer.stdout === '') return null;
  if (!DIGEST.test(answer.stdout))
    throw new Refusal(`${program} current printed "${answer.stdout.slice(0, 100)}", expected sha256:<64 hex>`);
  return answer.stdout;
}
/** true = the version was activated. Remembers who activates, so that a later hook never works beside an orphan. */
async function activate(env, program, version, record) {
  log(`activating ${version.digest} from ${version.ref}`);
  try {
    const { code } = await callProgram(program, ['activate', version.ref], programEnvironment(env, version), (pid) => {
      record.activator = { pid, start: startOf(pid) };
      try {
        saveRecord(env, record);
      } catch (error) {
        log(`warning: who activates could not be recorded: ${error.message}`);
      }
    });
    if (code !== 0) log(`activation of ${version.digest} failed: exit ${code}`);
    return code === 0;
  } catch (error) {
    log(`activation of ${version.digest} could not start: ${error.message}`);
    return false;
  }
}
async function endOrphan(activator) {
  if (!activator || !isAlive(activator)) return;
  log(`ending process ${activator.pid}, an activation left over by an interrupted hook`);
  for (const [signal, waits] of [
    ['SIGTERM', 50],
    ['SIGKILL', 50],
  ]) {
    try {
      process.kill(activator.pid, signal);
    } catch {
      return;
    }
    for (let n = 0; n < waits && isAlive(activator); n += 1) await sleep(100);
    if (!isAlive(activator)) return;
  }
  throw new Refusal(`process ${activator.pid} of an interrupted activation does not end`);
}

// ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function digestOfFile(file) {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    fs.createReadStream(file)
      .on('error', reject)
      .on('data', (chunk) => hash.update(chunk))
      .on('end', () => resolve(`sha256:${hash.digest('hex')}`));
  });
}

/** Digest and revision of the artifact against what was asked for; any doubt is a refusal. */
async function verifyArtifact(env) {
  if (!DIGEST.test(env.digest))
    throw new Refusal(`CONVEYOR_ARTIFACT_DIGEST is "${env.digest}", expected sha256:<64 hex>`);
  if (env.ref === '') throw new Refusal('CONVEYOR_ARTIFACT_REF is empty');
  if (env.revision === '') throw new Refusal('CONVEYOR_EXPECTED_REVISION is empty');
  if (env.kind !== 'bundle') throw new Refusal(`artifact kind "${env.kind}": this kit deploys bundles`);
  let found;
  try {
    found = await digestOfFile(env.ref);
  } catch (error) {
    throw new Refusal(`the artifact cannot be read: ${error.message}`);
  }
  if (found !== env.digest) throw new Refusal(`digest mismatch: ${env.ref} is ${found}, expected ${env.digest}`);
  const manifest = loadJson(path.join(path.dirname(env.ref), 'manifest.json'));
  if (manifest === null) throw new Refusal(`no manifest.json beside ${env.ref}`);
  if (manifest.digest !== env.digest)
    throw new Refusal(`digest mismatch: the manifest says ${manifest.digest}, expected ${env.digest}`);
  if (manifest.commit !== env.revision)
    throw new Refusal(`revision mismatch: the manifest says ${manifest.commit}, expected ${env.revision}`);
  if (env.codeTree !== '' && manifest.code_tree !== env.codeTree)
    throw new Refusal(`code tree mismatch: the manifest says ${manifest.code_tree}, expected ${env.codeTree}`);
}

/** One request decides: HTTP 200, all expected fields, the version. */
function probe(health, digest) {
  return new Promise((resolve) => {
    const done = (http_, ok, version, why) => resolve({ http: http_, ok, version, why });
    // Not imported: the import form loads Node's own fetch with it, which takes longer than the rest of the start.
    const { get } = createRequire(import.meta.url)(health.url.startsWith('https:') ? 'node:https' : 'node:http');
    let request;
    try {
      request = get(health.url, {
        agent: false,
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(health.timeoutMs),
      });
    } catch (error) {
      done(0, false, null, error.message);
      return;
    }
    request.on('error', (error) =>
      done(
        0,
        false,
        null,
        error.name === 'TimeoutError' || error.name === 'AbortError'
          ? `no answer in ${health.timeoutMs} ms`
          : error.message,
      ),
    );
    request.on('response', (response) => {
      const chunks = [];
      let size = 0;
      response.on('data', (chunk) => {
        size += chunk.length;
        if (size <= 65_536) chunks.push(chunk);
      });
      response.on('error', (error) => done(response.statusCode, false, null, error.message));
      response.on('end', () => {
        let body = null;
        try {
          body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        } catch {}
        const fields = body !== null && typeof body === 'object' ? body : {};
        const version = health.versionField === '' ? null : (fields[health.versionField] ?? null);
        const wrong = Object.keys(health.expect).find((name) => !isDeepStrictEqual(fields[name], health.expect[name]));
        if (response.statusCode !== 200) done(response.statusCode, false, version, `HTTP ${response.statusCode}`);
        else if (wrong !== undefined)
          done(
            200,
            false,
            version,
            `${wrong} is ${JSON.stringify(fields[wrong])}, expected ${JSON.stringify(health.expect[wrong])}`,
          );
        else if (health.versionField !== '' && version !== digest)
          done(200, false, version, `${health.versionField} is ${JSON.stringify(version)}, expected ${digest}`);
        else done(200, true, version, '');
      });
    });
  });
}
/** The first probe is made at once, and there is no wait after the last one. */
async function healthy(env, { attempts, intervalMs }, digest) {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const answer = await probe(env.health, digest);
    say({ event: 'health', attempt, http: answer.http, ok: answer.ok, version: answer.version });
    if (answer.ok) return true;
    log(`health ${attempt}/${attempts}: ${answer.why}`);
    if (attempt < attempts) await sleep(intervalMs);
  }
  return false;
}

// ── hygiene of the deploy checkout ───────────────────────────────────────────────────────────────────────────────────

function git(env, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn('git', ['-C', env.checkout, '-c', 'core.hooksPath=/dev/null', ...args], {
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.once('error', (error) => reject(new Refusal(`git could not start: ${error.message}`)));
    child.once('close', (code) =>
      code === 0
        ? resolve(stdout)
        : reject(new Refusal(`git ${args[0]} in ${env.checkout} failed (${code}): ${stderr.trim().slice(-500)}`)),
    );
  });
}
/** Brings the checkout to origin/main; ignored files, kept entries and everything outside survive (never `clean -x`). */
async function cleanCheckout(env) {
  if (env.checkout === '') return; // A bundle needs no checkout; nothing to keep clean.
  const top = (await git(env, 'rev-parse', '--show-toplevel')).trim();
  if (fs.realpathSync(top) !== fs.realpathSync(env.checkout))
    throw new Refusal(`${env.checkout} is not the top of a git work tree`);
  if (!env.hygiene) {
    await git(env, 'pull', '--ff-only', 'origin', 'main');
    return;
  }
  await git(env, 'fetch', 'origin', '+refs/heads/main:refs/remotes/origin/main');
  const kept = env.keep.flatMap((entry) => ['-e', entry]);
  const doomed = (await git(env, 'clean', '-n', '-d', ...kept))
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/^Would (remove|skip repository) /, ''));
  const changed = (await git(env, 'diff', '--name-only', 'HEAD')).split('\n').filter(Boolean);
  await git(env, 'reset', '--hard', 'origin/main');
  await git(env, 'clean', '-fd', ...kept);
  const discarded = [...changed, ...doomed];
  if (discarded.length > 0) say({ event: 'hygiene', dirty: discarded.length, discarded: discarded.slice(0, 20) });
}

// ── the verbs ────────────────────────────────────────────────────────────────────────────────────────────────────────

const previousFile = (env) => path.join(env.dir, 'previous.json');
const activeFile = (env) => path.join(env.dir, 'active.json');

/** Where the artifact of a digest is: the last one we made active, or its sibling in the store; ref null = not known. */
function locate(env, digest) {
  const active = loadJson(activeFile(env));
  if (active?.digest === digest && fs.existsSync(active.ref)) return active;
  const sibling =
    env.ref === '' ? '' : path.join(path.dirname(path.dirname(env.ref)), digest.slice('sha256:'.length), 'artifact');
  return { digest, ref: sibling !== '' && fs.existsSync(sibling) ? sibling : null };
}

function result(record) {
  say({
    event: 'result',
    deploy_id: record.deploy_id,
    state: record.state,
    running: record.running,
    previous: record.previous?.digest ?? null,
    started_at: record.started_at,
    finished_at: record.finished_at,
    ...(record.reason && { reason: record.reason }),
  });
  return EXIT[record.state];
}
/** The one way in which a record ends: durable first, then said. */
function finish(env, record, state, running, reason = '') {
  Object.assign(record, { state, running, reason, finished_at: now(), activator: null });
  if (state === 'ok') saveDurable(activeFile(env), { digest: record.digest, ref: record.ref });
  saveRecord(env, record);
  if (reason !== '') log(reason);
  return result(record);
}

/** Answer for an id that the target already knows; null = it does not. */
function knownAnswer(env) {
  const record = loadRecord(env, env.id);
  if (record === null) return null;
  if (record.digest !== env.digest)
    throw new Refusal(`${env.id} was started with ${record.digest}, not with ${env.digest}`, { record: false });
  if (record.state === 'running') {
    const lock = liveLock(env);
    if (lock !== null && lock.holder.pid !== process.pid) throw busy(lock);
    throw new Refusal(`${env.id} was interrupted: go on under the next deploy id`, { record: false });
  }
  log(`${env.id} has already ended (${record.state}): nothing is done`);
  return result(record);
}

/** Back to `version`: true = it serves, healthy. A failed step counts, even when something answers. */
async function restore(env, program, version, record) {
  if (version === null || version.ref === null) return false;
  if (!fs.existsSync(version.ref)) {
    log(`the artifact of ${version.digest} is gone: ${version.ref}`);
    return false;
  }
  return (await activate(env, program, version, record)) && (await healthy(env, env.rollbackProbes, version.digest));
}

async function deploy(env, program) {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(env.id))
    throw new Refusal(`CONVEYOR_DEPLOY_ID is "${env.id}"`, { record: false });
  if (env.health.url === '')
    throw new Refusal('CONVEYOR_HEALTH_URL is empty: health could not be proved', { record: false });
  if (env.deadline !== '' && !(Date.parse(env.deadline) > Date.now()))
    throw new Refusal(`the deadline ${env.deadline} has passed`, { record: false });
  const known = knownAnswer(env);
  if (known !== null) return known;

  const lock = takeLock(env);
  try {
    const finished = knownAnswer(env); // Another hook may have ended this id while we waited for the lock's folder.
    if (finished !== null) return finished;
    const unfinished = unfinishedRecords(env);
    const record = {
      schema: 1,
      deploy_id: env.id,
      target: env.target,
      digest: env.digest,
      ref: env.ref,
      revision: env.revision,
      order: Date.now(),
      state: 'running',
      running: null,
      previous: null,
      started_at: now(),
      finished_at: null,
      activator: null,
    };
    try {
      await verifyArtifact(env);
      if (unfinished.length > 0) return await converge(env, program, record, unfinished);
      await cleanCheckout(env);
      const running = await askCurrent(env, program);
      recordPrevious(env, record, running);
      saveRecord(env, record);
    } catch (error) {
      return refuse(env, record, error);
    }
    return await switchOver(env, program, record);
  } finally {
    releaseLock(env, lock);
  }
}

/** Ends a deploy that has changed nothing. Whatever went wrong before the switch is exit 3, a full disk included. */
function refuse(env, record, error) {
  if (record.activator !== null || (error instanceof Refusal && !error.record)) throw error;
  try {
    return finish(env, record, 'refused', null, error.message);
  } catch (second) {
    throw new Refusal(`${error.message}; the record could not be written: ${second.message}`, { record: false });
  }
}

/** What is running now becomes the way back; nothing running clears it; the requested digest itself leaves it. */
function recordPrevious(env, record, running) {
  const stored = loadJson(previousFile(env));
  if (running === null) {
    removeDurable(previousFile(env));
    record.previous = null;
  } else if (running === env.digest) {
    record.previous = stored;
  } else {
    record.previous = locate(env, running);
    saveDurable(previousFile(env), record.previous);
  }
  say({ event: 'previous', digest: record.previous?.digest ?? null });
}

async function switchOver(env, program, record) {
  const wanted = { digest: env.digest, ref: env.ref };
  if ((await activate(env, program, wanted, record)) && (await healthy(env, env.deployProbes, env.digest)))
    return finish(env, record, 'ok', env.digest);
  const back = record.previous;
  if (back === null)
    return finish(env, record, 'rollback-failed', env.digest, 'failed, and there is no previous version to go back to');
  log(`rolling back to ${back.digest}`);
  if (await restore(env, program, back, record))
    return finish(env, record, 'rolled-back', back.digest, `failed, ${back.digest} serves again`);
  return finish(env, record, 'rollback-failed', null, `failed, and the rollback to ${back.digest} failed too`);
}

/** Ends what interrupted hooks left: the requested version if it serves, else the version from before the first of them. */
async function converge(env, program, record, unfinished) {
  const first = unfinished[0];
  log(`converging after the interruption of ${unfinished.map((other) => other.deploy_id).join(', ')}`);
  for (const other of unfinished) await endOrphan(other.activator);
  record.previous = first.previous;
  saveRecord(env, record);
  const close = () => {
    for (const other of unfinished)
      saveRecord(env, { ...other, state: 'interrupted', finished_at: now(), activator: null });
  };
  const running = await askCurrent(env, program);
  if (running === env.digest && (await healthy(env, env.deployProbes, env.digest))) {
    close();
    return finish(env, record, 'ok', running);
  }
  const back = first.previous;
  if (back === null) {
    // Nothing served before the interrupted hook, so there is nothing to restore and nothing to lose: go on.
    close();
    return switchOver(env, program, record);
  }
  if (running === back.digest && (await healthy(env, { attempts: 1, intervalMs: 0 }, back.digest))) {
    close();
    return finish(env, record, 'refused', running, `${first.deploy_id} was interrupted, ${back.digest} still serves`);
  }
  const restored = await restore(env, program, back, record);
  close();
  return restored
    ? finish(env, record, 'refused', back.digest, `${first.deploy_id} was interrupted, ${back.digest} is restored`)
    : finish(
        env,
        record,
        'rollback-failed',
        null,
        `${first.deploy_id} was interrupted, and ${back.digest} could not be restored`,
      );
}

async function rollback(env, program) {
  if (env.health.url === '')
    throw new Refusal('CONVEYOR_HEALTH_URL is empty: health could not be proved', { record: false });
  const lock = takeLock(env);
  try {
    const back = loadJson(previousFile(env));
    if (back === null) throw new Refusal('no previous version is recorded', { record: false });
    if (back.ref === null || !fs.existsSync(back.ref))
      throw new Refusal(`the artifact of ${back.digest} is gone`, { record: false });
    const record = {
      schema: 1,
      deploy_id: `rollback.${Date.now()}`,
      target: env.target,
      digest: back.digest,
      ref: back.ref,
      revision: null,
      order: Date.now(),
      state: 'running',
      running: null,
      previous: back,
      started_at: now(),
      finished_at: null,
      activator: null,
    };
    const unfinished = unfinishedRecords(env);
    for (const other of unfinished) await endOrphan(other.activator);
    saveRecord(env, record);
    const restored = await restore(env, program, back, record);
    for (const other of unfinished)
      saveRecord(env, { ...other, state: 'interrupted', finished_at: now(), activator: null });
    return restored
      ? finish(env, record, 'ok', back.digest)
      : finish(env, record, 'rollback-failed', null, `the rollback to ${back.digest} failed`);
  } finally {
    releaseLock(env, lock);
  }
}

/** Changes nothing. */
async function status(env, program) {
  const record = env.id === '' ? null : loadRecord(env, env.id);
  const lock = liveLock(env);
  let state = record?.state ?? 'unknown';
  // Only a live hook of this very id is at work on it.
  if (state === 'running' && lock?.holder.id !== env.id) state = 'interrupted';
  const running = await askCurrent(env, program);
  const healthyNow = running === null || env.health.url === '' ? false : (await probe(env.health, running)).ok;
  const previous = record === null ? loadJson(previousFile(env)) : record.previous;
  say({ event: 'status', deploy_id: env.id, state, running, previous: previous?.digest ?? null, healthy: healthyNow });
  return 0;
}

async function preflight(env, program) {
  const lock = liveLock(env);
  if (lock !== null) throw busy(lock);
  try {
    fs.mkdirSync(path.join(env.dir, 'records'), { recursive: true });
    fs.accessSync(env.dir, fs.constants.W_OK);
    const trial = path.join(env.dir, `trial-${process.pid}`);
    writeSynced(trial, {});
    fs.rmSync(trial);
  } catch (error) {
    throw new Refusal(`the state folder ${env.dir} is not writable: ${error.message}`, { record: false });
  }
  if (env.checkout !== '') await git(env, 'rev-parse', '--show-toplevel');
  if (env.ref !== '') await verifyArtifact(env);
  await askCurrent(env, program);
  log('preflight: the target can take a deploy');
  return 0;
}

async function main(args) {
  const [option, program, verb, ...rest] = args;
  if (option !== '--program' || !program || !VERBS.includes(verb) || rest.length > 0)
    throw new Refusal(`called with "${args.slice(2).join(' ')}", expected exactly one of ${VERBS.join(' ')}`, {
      record: false,
    });
  const env = readEnvironment(process.env);
  const file = path.resolve(program);
  if (verb === '--deploy') return deploy(env, file);
  if (verb === '--rollback') return rollback(env, file);
  return verb === '--status' ? status(env, file) : preflight(env, file);
}

// An unexpected error after the switch keeps the record "running": --status then says interrupted, and the next id converges.
process.exitCode = await main(process.argv.slice(2)).catch((error) => {
  log(error instanceof Refusal ? `refused: ${error.message}` : `unexpected: ${error.stack}`);
  return error instanceof Refusal ? 3 : 70;
});
process.exit();
