/**
 * The scripted agent: a program that does what its plan says and ends as its plan says, in place of a model.
 * Started as `node scripted-program <plan.json>`; imports nothing but Node and holds no syntax that Node would have to
 * strip first, so that it starts as fast as Node does. spec: agents §4
 */
// @ts-check

/** @import { PlannedAction, ResultLine, ScriptedError, ScriptedPlan } from './scripted-plan.ts' */

// oxlint-disable-next-line no-restricted-imports -- this is a program of its own, the child of the shell port
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process, { argv, env, execPath, exit } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

/** Exit codes as sysexits has them: 1 = the API said no, 70 = the scenario itself is wrong. */
const EXIT_ERROR = 1;
const EXIT_SCENARIO = 70;

// writeSync: what was printed is printed, also when the process is killed right after.
/** @param {string} text */
const print = (text) => {
  for (let bytes = Buffer.from(text); bytes.length > 0;) bytes = bytes.subarray(writeSync(1, bytes));
};

/** @type {ScriptedPlan} */
const plan = JSON.parse(readFileSync(argv[2] ?? '', 'utf8'));

/**
 * @param {ScriptedError | null} error
 * @param {string} text
 * @returns {string}
 */
function resultLine(error, text, session = plan.session) {
  /** @type {ResultLine} */
  const line = { type: 'result', session, isError: error !== null, usage: plan.usage, error, text };
  return `${JSON.stringify(line)}\n`;
}

function checkExpectations() {
  const prompt = plan.promptFiles.map((file) => readFileSync(file, 'utf8')).join('\n');
  const { promptHas, promptLacks, envLacks, files } = plan.expect;
  const broken = [
    ...promptHas.filter((text) => !prompt.includes(text)).map((text) => `the prompt lacks ${JSON.stringify(text)}`),
    ...promptLacks.filter((text) => prompt.includes(text)).map((text) => `the prompt has ${JSON.stringify(text)}`),
    ...envLacks.filter((name) => env[name] !== undefined).map((name) => `the environment has ${name}`),
    ...files.filter((file) => !existsSync(file)).map((file) => `the work tree lacks ${file}`),
  ];
  if (broken.length === 0) return;
  print(resultLine({ kind: 'expectation' }, broken.join('; ')));
  exit(EXIT_SCENARIO);
}

/** @param {string} path */
function prepare(path) {
  mkdirSync(dirname(path), { recursive: true });
  return path;
}

/**
 * @param {PlannedAction} action
 * @returns {Promise<void>}
 */
async function act(action) {
  switch (action.do) {
    case 'write':
      writeFileSync(prepare(action.path), Buffer.from(action.data, 'base64'));
      if (action.mode !== null) chmodSync(action.path, Number.parseInt(action.mode, 8));
      return;
    case 'append':
      return appendFileSync(prepare(action.path), Buffer.from(action.data, 'base64'));
    case 'delete':
      return rmSync(action.path, { recursive: true });
    case 'move':
      return renameSync(action.from, prepare(action.to));
    case 'chmod':
      return chmodSync(action.path, Number.parseInt(action.mode, 8));
    case 'mkdir':
      return void mkdirSync(action.path, { recursive: true });
    case 'symlink':
      return symlinkSync(action.target, prepare(action.path));
    case 'submodule':
      mkdirSync(join(action.path, '.git', 'objects'), { recursive: true });
      mkdirSync(join(action.path, '.git', 'refs'), { recursive: true });
      writeFileSync(join(action.path, '.git', 'HEAD'), 'ref: refs/heads/main\n');
      return writeFileSync(join(action.path, 'inside.txt'), 'a file of another repository\n');
    case 'binary':
      return writeFileSync(prepare(action.path), Buffer.alloc(action.bytes, Buffer.from([0, 255, 1, 254])));
    case 'sleep':
      return delay(action.ms);
    case 'spawn_orphan':
      return spawn(execPath, ['-e', `setTimeout(() => {}, ${action.ms})`], { detached: true, stdio: 'ignore' }).unref();
    case 'print':
      return print(`${action.text}\n`);
    case 'print_env':
      return print(
        `${Object.entries(env)
          .map(([name, value]) => `${name}=${value}`)
          .toSorted()
          .join('\n')}\n`,
      );
    case 'run': {
      const [program = '', ...rest] = action.argv;
      const ran = spawnSync(program, rest, { input: action.input ?? '', maxBuffer: 16 * 1024 * 1024 });
      const output = Buffer.concat([ran.stdout ?? Buffer.alloc(0), ran.stderr ?? Buffer.alloc(0)]).toString('utf8');
      const how = ran.error === undefined ? `exit ${ran.status ?? ran.signal}` : ran.error.message;
      return print(
        `$ ${action.argv.join(' ')}\n${output}${output.endsWith('\n') || output === '' ? '' : '\n'}$ ${how}\n`,
      );
    }
  }
}

/**
 * @param {boolean} deaf
 * @returns {Promise<never>}
 */
async function hang(deaf) {
  if (deaf) process.on('SIGTERM', () => print('still here\n'));
  print('waiting\n');
  for (;;) await delay(60_000);
}

/**
 * @param {ScriptedError} error
 * @param {string} text
 * @returns {never}
 */
function fail(error, text) {
  print(resultLine(error, text));
  exit(EXIT_ERROR);
}

/** @returns {Promise<never>} */
async function finish() {
  const [first = 0, second] = plan.end.arguments;
  switch (plan.end.kind) {
    case 'ok':
      print(resultLine(null, 'done'));
      return exit(0);
    case 'exit':
      return exit(first);
    case 'crash':
      throw new Error('the scenario makes the agent crash here');
    case 'hang':
    case 'partial':
      return hang(false);
    case 'hang_deaf':
      return hang(true);
    case 'transient':
      return fail({ kind: 'api', status: first, retryAfterS: second ?? null }, `API answered ${first}`);
    case 'network':
      return fail({ kind: 'network' }, 'connection refused');
    case 'auth':
      return fail({ kind: 'auth' }, 'not logged in');
    case 'billing':
      return fail({ kind: 'billing' }, 'credit balance is too low');
    case 'usage_limit':
      return fail({ kind: 'usage_limit', resetsInS: plan.end.arguments[0] ?? null }, 'usage limit reached');
    case 'no_model':
      return fail({ kind: 'no_model' }, 'model not found');
    case 'garbage':
      print('{"type":"result"\nnot a result at all\n');
      return exit(0);
    case 'empty':
      return exit(0);
    case 'truncated':
      print(resultLine(null, 'done').slice(0, 40));
      return exit(0);
    case 'two_results':
      print(resultLine(null, 'done') + resultLine(null, 'done again'));
      return exit(0);
    case 'forged_result':
      print(resultLine(null, 'done', '00000000-0000-4000-8000-000000000000'));
      return exit(0);
  }
}

checkExpectations();
const actions = plan.end.kind === 'partial' ? plan.actions.slice(0, plan.end.arguments[0]) : plan.actions;
for (const [index, action] of actions.entries()) {
  try {
    await act(action);
  } catch (thrown) {
    print(
      resultLine(
        { kind: 'action' },
        `action ${index + 1} (${action.do}) failed: ${/** @type {Error} */ (thrown).message}`,
      ),
    );
    exit(EXIT_SCENARIO);
  }
}
await finish();
