import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACTIONS, DOCTOR } from '../../lib/kit/actions.ts';
import { buildActions } from '../../tools/build.ts';

const TOP = join(import.meta.dirname, '..', '..');
/** Every action that a workflow file or a person can start. */
const ROWS = [...ACTIONS, DOCTOR];
const built = mkdtempSync(join(tmpdir(), 'conveyor-bundle-'));
const dist = join(built, 'dist');

beforeAll(async () => {
  await buildActions(TOP, dist);
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly log: string;
  readonly outputs: string;
}

/** Starts a bundle far from any node_modules, with nothing but PATH and an output file. */
function start(action: string, options: { readonly preload?: string } = {}): Ended {
  const output = join(built, `output-${action}`);
  writeFileSync(output, '');
  const ended = spawnSync(
    process.execPath,
    [...(options.preload === undefined ? [] : ['--import', options.preload]), join(dist, `${action}.mjs`)],
    { cwd: built, env: { PATH: process.env['PATH'] ?? '', GITHUB_OUTPUT: output }, encoding: 'utf8', timeout: 20_000 },
  );
  return { code: ended.status, log: ended.stdout + ended.stderr, outputs: readFileSync(output, 'utf8') };
}

/** Digest of every file, so that a difference names the file and not its content. */
const digestsOf = (folder: string): Map<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );

describe('bundle', () => {
  it.each(ROWS)('$folder: the file its action.yml names is built', ({ folder }) => {
    expect(existsSync(join(TOP, 'actions', folder, 'index.ts')), `actions/${folder}/index.ts is missing`).toBe(true);
    expect(existsSync(join(dist, `${folder}.mjs`))).toBe(true);
  });

  it.each(ROWS)(
    '$folder: started without inputs it is red and names exactly the inputs its action.yml requires',
    (row) => {
      const ended = start(row.folder);
      expect(ended.code, ended.log).toBe(1);
      const line = /^::error::INPUT_INVALID: .*$/m.exec(ended.log)?.[0] ?? '';
      const missing = [...line.matchAll(/input ([a-z-]+) is missing/g)].map((found) => found[1]);
      expect(missing.sort()).toEqual([...row.required].sort());
      expect(ended.outputs).toMatch(/result<<.*\nerror\n/);
      expect(ended.log).not.toMatch(/^\s+at /m);
    },
  );

  it('O-RUN-1: an old Node gets one line that says what to do, before the program is loaded', () => {
    const pretend =
      "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.4'}})";
    const ended = start('doctor', { preload: pretend });
    expect(ended).toMatchObject({ code: 1, outputs: '' });
    expect(ended.log.trim()).toMatch(/^::error::Node 18\.20\.4 is too old: Conveyor needs Node 22 or newer\.[^\n]*$/);
  });

  it('the agents folder travels with the bundle', () => {
    expect(readdirSync(join(dist, 'agents')).sort()).toEqual(readdirSync(join(TOP, 'agents')).sort());
  });

  it('O-S-12: the same sources give the same bytes', async () => {
    const second = join(built, 'again');
    await buildActions(TOP, second);
    expect(digestsOf(second)).toEqual(digestsOf(dist));
  });
});
