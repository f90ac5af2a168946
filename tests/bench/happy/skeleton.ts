import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actionFolders } from '../../../tools/build.ts';
import { createWorld } from '../../e2e/world.ts';
import type { Stack } from '../../stack/stack.ts';
import type { PlanStep } from './plan.ts';

const TOP = join(import.meta.dirname, '..', '..', '..');
const NOT_LATER_THAN_MS = 600_000;

/**
 * Runs the plan with empty actions in the generated workflow files of a repository like the real one; answers how long
 * the chain took, in milliseconds. Throws when it does not come to its end.
 */
export async function runSkeleton(stack: Stack, plan: readonly PlanStep[], name: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-bench-skeleton-'));
  const end = Promise.withResolvers<number>();
  const server = createServer((_, answer) => {
    end.resolve(performance.now());
    answer.end();
  });
  const timer = setTimeout(
    () => end.reject(new Error(`the skeleton did not end in ${NOT_LATER_THAN_MS / 1000} s\n${stack.logs()}`)),
    NOT_LATER_THAN_MS,
  );
  try {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('the server has no port');
    writeActions(folder, { plan, told: `http://127.0.0.1:${address.port}/` });
    const actions = await stack.publishActions(folder);
    await using world = await createWorld(stack, actions, name);
    const started = performance.now();
    await world.dispatch(plan[0]?.workflow ?? '', { events: '0' }, stack.bot);
    return (await end.promise) - started;
  } finally {
    clearTimeout(timer);
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeActions(folder: string, plan: object): void {
  const dist = join(folder, 'dist');
  mkdirSync(dist);
  writeFileSync(join(dist, 'plan.json'), JSON.stringify(plan));
  for (const name of actionFolders(TOP)) {
    cpSync(join(TOP, 'actions', name, 'action.yml'), join(folder, 'actions', name, 'action.yml'));
    cpSync(join(import.meta.dirname, 'skeleton-action.mjs'), join(dist, `${name}.mjs`));
  }
}
