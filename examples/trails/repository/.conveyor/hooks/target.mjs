// How this service is made to run on a target.
//   activate <artifact>   unpack, move the link, restart, wait until it listens
//   stop [<target dir>]   end the process of a target
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Process of the target; null when there is none. A process with the same number that is not ours does not count. */
function runningPid(dir) {
  let pid;
  try {
    pid = Number(fs.readFileSync(path.join(dir, 'pid'), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    const command = execFileSync('ps', ['-o', 'stat=,args=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes(path.join(dir, 'releases')) && !command.startsWith('Z') ? pid : null;
  } catch {
    return null; // ps answers 1 when there is no such process.
  }
}

async function stop(dir) {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const pid = runningPid(dir);
    if (pid === null) break;
    process.kill(pid, signal);
    for (let n = 0; n < 100 && runningPid(dir) !== null; n += 1) await sleep(20);
  }
  if (runningPid(dir) !== null) throw new Error(`process ${runningPid(dir)} does not end`);
  fs.rmSync(path.join(dir, 'pid'), { force: true });
}

function unpack(dir, artifact, digest) {
  const release = path.join(dir, 'releases', digest.slice('sha256:'.length, 'sha256:'.length + 12));
  if (fs.existsSync(release)) return release;
  const draft = `${release}.${process.pid}`;
  fs.mkdirSync(draft, { recursive: true });
  execFileSync('tar', ['-xzf', artifact, '-C', draft]);
  fs.copyFileSync(path.join(path.dirname(artifact), 'manifest.json'), path.join(draft, 'manifest.json'));
  fs.writeFileSync(path.join(draft, '.digest'), digest);
  fs.renameSync(draft, release);
  return release;
}

function moveLink(dir, release) {
  const draft = path.join(dir, `current.${process.pid}`);
  fs.rmSync(draft, { force: true });
  fs.symlinkSync(path.relative(dir, release), draft);
  fs.renameSync(draft, path.join(dir, 'current'));
}

const listens = (port) =>
  new Promise((resolve) => {
    const socket = net
      .connect(port, '127.0.0.1', () => resolve(true) || socket.destroy())
      .once('error', () => resolve(false));
  });

/** A session of its own and a clean environment: the service outlives this hook and gets none of its secrets. */
async function start(dir, release, port, environment) {
  const log = fs.openSync(path.join(dir, 'service.log'), 'a');
  const script = 'echo "$$" > "$0.new" && mv "$0.new" "$0" && exec "$@"'; // The pid is on disk before the service runs.
  const child = spawn('sh', ['-c', script, path.join(dir, 'pid'), process.execPath, path.join(release, 'server.mjs')], {
    cwd: release,
    detached: true,
    env: { PATH: process.env.PATH, PORT: String(port), TRAILS_ENVIRONMENT: environment },
    stdio: ['ignore', log, log],
  });
  let ended = false;
  child.once('exit', () => (ended = true));
  for (let n = 0; n < 500; n += 1) {
    if (ended)
      throw new Error(
        `the service ended at once: ${fs.readFileSync(path.join(dir, 'service.log'), 'utf8').slice(-2000)}`,
      );
    if (await listens(port)) return child.unref();
    await sleep(10);
  }
  throw new Error(`the service does not listen on port ${port}`);
}

const [verb, argument] = process.argv.slice(2);
const env = process.env;
try {
  if (verb === 'stop') {
    await stop(path.resolve(argument ?? env.CONVEYOR_TARGET_DIR));
  } else {
    const dir = env.CONVEYOR_TARGET_DIR;
    const release = unpack(dir, argument, env.CONVEYOR_ARTIFACT_DIGEST);
    moveLink(dir, release);
    await stop(dir);
    await start(dir, release, Number(new URL(env.CONVEYOR_HEALTH_URL).port), env.CONVEYOR_TARGET);
  }
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
