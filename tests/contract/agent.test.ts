import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dump } from 'js-yaml';
import { createCommandAgent } from '../../lib/adapters/agent/command.ts';
import { createScriptedAgent } from '../../lib/adapters/agent/scripted.ts';
import type { Behaviour } from './agent.contract.ts';
import { describeAgentContract } from './agent.contract.ts';

const usage = { input: 1200, cache_read: 83_000, cache_creation: 900, output: 4500, cost_usd: 0.21, model: 'm-1' };
const orphan = `const c = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600000)'], { detached: true, stdio: 'ignore' });
  c.unref(); require('node:fs').writeFileSync('orphan.pid', String(c.pid));`;

function scriptedStep(behaviour: Behaviour): object {
  switch (behaviour.kind) {
    case 'work':
      return {
        expect: {
          prompt_has: ['CSV export', 'You are the developer'],
          env_lacks: ['GITHUB_TOKEN'],
          files: ['given.txt'],
        },
        do: [
          { write: { path: 'made.txt', text: 'CSV export, please: žluť\n' } },
          { append: { path: 'given.txt', text: 'changed\n' } },
        ],
        usage,
      };
    case 'env':
      return { do: [{ print_env: true }] };
    case 'print':
      return { do: [{ print: behaviour.text }] };
    case 'hang':
      return { end: 'hang' };
    case 'deaf':
      return { end: 'hang_deaf' };
    case 'orphan':
      return { do: [{ run: { argv: [process.execPath, '-e', orphan] } }, { spawn_orphan: '600s' }] };
    case 'crash':
      return { end: 'crash' };
    case 'killed':
      return { do: [{ run: { argv: ['bash', '-c', 'kill -9 $PPID'] } }] };
    case 'auth':
      return { end: 'auth' };
    case 'transient':
      return { end: 'transient(529)' };
    case 'usage-limit':
      return { end: 'usage_limit' };
  }
}

describeAgentContract('scripted', async ({ runtime, folder }, behaviour) => {
  const scenario = join(folder, 'scenario.yml');
  await writeFile(scenario, dump({ version: 1, steps: [scriptedStep(behaviour)] }));
  return createScriptedAgent({ ...runtime, scenario });
});

const cli = fileURLToPath(new URL('../support/agents/cli-agent.mjs', import.meta.url));

function cliArguments(behaviour: Behaviour): string[] {
  switch (behaviour.kind) {
    case 'work':
      return ['work', 'stdin', '{out}/usage.json'];
    case 'print':
      return ['print', behaviour.text];
    case 'auth':
      return ['exit', '77'];
    case 'transient':
      return ['exit', '75'];
    case 'usage-limit':
      return ['exit', '79'];
    default:
      return [behaviour.kind];
  }
}

describeAgentContract('command', async ({ runtime, folder, env }, behaviour) =>
  createCommandAgent({
    ...runtime,
    env,
    folder,
    command: {
      argv: [process.execPath, cli, ...cliArguments(behaviour)],
      prompt: 'stdin',
      version: { argv: [process.execPath, '--version'], min: '20.0.0' },
      env: [],
      exit: { ok: [0], transient: [75], auth: [77], config: [78], usage_limit: [79], budget: [80] },
      usage_file: '{out}/usage.json',
    },
  }),
);
