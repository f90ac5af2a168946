import { cpSync, existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'rolldown';
import { rolldown } from 'rolldown';

const START = 'conveyor-start:';

/**
 * The start file of an action: checks Node before the real program is even parsed, so that an old Node gets one clear
 * line instead of a syntax error. It awaits, so that a promise that never settles fails the step. What the action's
 * index.ts imports is imported behind the check: the runner copies every file of a release at every step, so an action
 * has one file, not two.
 */
function startFiles(top: string): Plugin {
  const file = (path: string) => JSON.stringify(join(top, path));
  const program = (action: string) =>
    readFileSync(join(top, 'actions', action, 'index.ts'), 'utf8').replaceAll(
      /^import (\{.+\}) from '(.+)';$/gm,
      'const $1 = await import("$2");',
    );
  const start = (action: string) =>
    `import { nodeProblem } from ${file('lib/runtime/require-node.ts')};\n` +
    'const problem = nodeProblem(process.versions.node);\n' +
    `if (problem === null) {\n  await import(${file('lib/runtime/schemas-once.ts')});\n${program(action)}\n}\n` +
    'else {\n  process.stdout.write(`::error::${problem}\\n`);\n  process.exitCode = 1;\n}\n';
  return {
    name: 'start-files',
    resolveId(id, importer) {
      if (id.startsWith(START)) return id;
      const inside = importer?.startsWith(START) === true && id.startsWith('.');
      return inside ? join(top, 'actions', importer.slice(START.length), id) : null;
    },
    load: (id) => (id.startsWith(START) ? start(id.slice(START.length)) : null),
  };
}

/**
 * Parts of the toolkit that nothing here asks for and every start would pay for: an HTTP client for GitHub's OIDC tokens
 * (1.7 MB to parse), a look at the operating system (child processes), a REST client beside the event's payload.
 */
const NOT_ASKED_FOR: Readonly<Record<string, string>> = {
  '@actions/core/lib/oidc-utils.js':
    "export class OidcClient { static getIDToken() { throw new Error('OIDC is not part of this build'); } }",
  '@actions/core/lib/platform.js': 'export {};',
  crypto: 'export const randomUUID = () => `${process.pid}-${performance.now()}-${Math.random()}`;',
  '@actions/github/lib/utils.js':
    "export class GitHub { static plugin() { throw new Error('getOctokit is not part of this build'); } }\n" +
    'export const getOctokitOptions = () => ({});',
};

function withoutUnused(): Plugin {
  const STUB = '\0unused:';
  return {
    name: 'without-unused',
    resolveId(id, importer) {
      // Loading node:crypto is a tenth of a start, and here it only names a delimiter that the value must not contain,
      // which the toolkit checks.
      if (id === 'crypto' && importer?.endsWith('/node_modules/@actions/core/lib/file-command.js')) return STUB + id;
      const wanted = importer === undefined ? '' : join(dirname(importer), id);
      const name = Object.keys(NOT_ASKED_FOR).find((file) => wanted.endsWith(`/node_modules/${file}`));
      return name === undefined ? null : STUB + name;
    },
    load: (id) => (id.startsWith(STUB) ? (NOT_ASKED_FOR[id.slice(STUB.length)] ?? null) : null),
  };
}

/** What runs before an action knows its inputs. */
const START_MODULES =
  /node_modules\/(zod|@actions\/core)\/|lib\/runtime\/(?!require-node)|lib\/base\/(errors|redact)\.ts$|lib\/engines\/(step|gate|control|doctor)-action\.ts$|lib\/pipeline\/stages\.ts$/;

/** Folders under actions/ that hold a program. */
export function actionFolders(top: string): string[] {
  return readdirSync(join(top, 'actions')).filter((name) => existsSync(join(top, 'actions', name, 'index.ts')));
}

/**
 * Writes `<out>/<action>.mjs` for every action, their shared chunks under `<out>/chunks/`, and the folders that are
 * read at run time. Whatever stood in `out` is gone. Same sources, same bytes. Throws what rolldown throws.
 */
export async function buildActions(top: string, out: string): Promise<readonly string[]> {
  const actions = actionFolders(top);
  rmSync(out, { recursive: true, force: true });
  const bundle = await rolldown({
    cwd: top,
    // The scripted agent runs a program of its own, found beside the bundles.
    input: {
      ...Object.fromEntries(actions.map((name) => [name, `${START}${name}`])),
      'scripted-program': 'lib/adapters/agent/scripted-program.mjs',
    },
    platform: 'node',
    plugins: [startFiles(top), withoutUnused()],
    onLog(level, log, handle) {
      if (level === 'warn') throw new Error(`the build warns, and a warning is a fault: ${log.message}`);
      handle(level, log);
    },
  });
  await bundle.write({
    dir: out,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: 'chunks/[name]-[hash].mjs',
    minify: true,
    // Every action reads these first: one file is found and opened once.
    codeSplitting: { groups: [{ name: 'start', test: START_MODULES }] },
  });
  await bundle.close();
  if (existsSync(join(top, 'agents'))) cpSync(join(top, 'agents'), join(out, 'agents'), { recursive: true });
  return actions;
}

/**
 * Writes into an empty folder what a release consists of, as the forge serves it to runners: the root action, every
 * action.yml, and the bundles they point at.
 */
export async function buildRelease(top: string, out: string): Promise<void> {
  const actions = await buildActions(top, join(out, 'dist'));
  cpSync(join(top, 'action.yml'), join(out, 'action.yml'));
  for (const name of actions)
    cpSync(join(top, 'actions', name, 'action.yml'), join(out, 'actions', name, 'action.yml'));
}

const here = fileURLToPath(import.meta.url);
if (process.argv[1] === here) {
  const top = dirname(dirname(here));
  const actions = await buildActions(top, join(top, 'dist'));
  const bytes = readdirSync(join(top, 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  console.log(`built ${actions.length} actions into dist/ (${Math.round(bytes / 1024)} KiB)`);
}
