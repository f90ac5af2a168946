import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'rolldown';
import { rolldown } from 'rolldown';

const START = 'conveyor-start:';

/**
 * The start file of an action: checks Node before the real program is even parsed, so that an old Node gets one clear
 * line instead of a syntax error. It awaits, so that a promise that never settles fails the step.
 */
function startFiles(top: string): Plugin {
  return {
    name: 'start-files',
    resolveId: (id) => (id.startsWith(START) ? id : null),
    load(id) {
      if (!id.startsWith(START)) return null;
      const action = join(top, 'actions', id.slice(START.length), 'index.ts');
      const requireNode = join(top, 'lib/runtime/require-node.ts');
      const schemasOnce = join(top, 'lib/runtime/schemas-once.ts');
      return (
        `import { nodeProblem } from ${JSON.stringify(requireNode)};\n` +
        'const problem = nodeProblem(process.versions.node);\n' +
        'if (problem === null) {\n' +
        `  await import(${JSON.stringify(schemasOnce)});\n` +
        `  await import(${JSON.stringify(action)});\n` +
        '} else {\n  process.stdout.write(`::error::${problem}\\n`);\n  process.exitCode = 1;\n}\n'
      );
    },
  };
}

/**
 * Parts of @actions/core that nothing here asks for and every start would pay for: an HTTP client for GitHub's OIDC
 * tokens (1.7 MB to parse), and a look at the operating system (child processes, timers).
 */
const NOT_ASKED_FOR: Readonly<Record<string, string>> = {
  'oidc-utils.js':
    "export class OidcClient { static getIDToken() { throw new Error('OIDC is not part of this build'); } }",
  'platform.js': 'export {};',
};

function withoutUnused(): Plugin {
  const STUB = '\0unused:';
  return {
    name: 'without-unused',
    resolveId(id, importer) {
      const name = Object.keys(NOT_ASKED_FOR).find((file) => id === `./${file}`);
      return name !== undefined && importer?.includes('@actions/core') ? STUB + name : null;
    },
    load: (id) => (id.startsWith(STUB) ? (NOT_ASKED_FOR[id.slice(STUB.length)] ?? null) : null),
  };
}

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
      'scripted-program': 'lib/adapters/agent/scripted-program.ts',
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
    minify: { codegen: true, compress: false, mangle: false },
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
