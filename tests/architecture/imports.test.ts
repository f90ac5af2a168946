import { describe, expect, it } from 'vitest';
import { layerViolations } from './check-imports.ts';
import { LAYERS, layerName } from './layers.ts';
import { projectFiles } from './sources.ts';

const pairs = LAYERS.flatMap((from) => LAYERS.filter((to) => to !== from).map((to) => ({ from, to })));
/** `../` from a file two folders below the top, as `lib/x/planted.ts` is. */
const importOf = (from: string, to: string) =>
  `import { x } from '${'../'.repeat(from.split('/').length)}${to}/planted.ts';\n`;
const pure = LAYERS.filter((layer) => layer.pure).map((layer) => layer.folder);

describe('import direction', () => {
  it('the product obeys the table of layers', () => {
    const files = projectFiles();
    expect(files.filter(({ path }) => path.startsWith('lib/')).length).toBeGreaterThan(20);
    expect(files.flatMap(layerViolations)).toEqual([]);
  });

  it('every file under lib/ and actions/ lies in a layer', () => {
    const folders = projectFiles().map(({ path }) => /^(lib\/[^/]+|actions)\//.exec(path)?.[1]);
    const known = LAYERS.map((layer) => layer.folder);
    expect([...new Set(folders)].filter((folder) => folder !== undefined && !known.includes(folder))).toEqual([]);
  });

  it.each(pairs)('$from.folder importing $to.folder is judged as the table says', ({ from, to }) => {
    const allowed = from.may.includes(layerName(to));
    const planted = layerViolations({ path: `${from.folder}/planted.ts`, text: importOf(from.folder, to.folder) });
    expect(planted).toHaveLength(allowed ? 0 : 1);
  });

  it('nothing imports actions, relay or cli, except the command line that starts the relay', () => {
    const importers = ['actions', 'relay', 'cli'].flatMap((wiring) =>
      LAYERS.filter((layer) => layer.may.includes(wiring)).map((layer) => `${layer.folder} → ${wiring}`),
    );
    expect(importers).toEqual(['lib/cli → relay']);
  });

  it.each([
    ["import type { X } from '../adapters/x.ts';"],
    ["export * from '../adapters/x.ts';"],
    ["export { x } from '../adapters/x.ts';"],
    ["const x = await import('../adapters/x.ts');"],
    ["type X = import('../adapters/x.ts').X;"],
  ])('every form of import is seen: %s', (text) => {
    expect(layerViolations({ path: 'lib/base/planted.ts', text })).toEqual([
      expect.stringContaining('base must not import adapters'),
    ]);
  });

  it.each([
    ["import { readFile } from 'node:fs/promises';", 'node:fs/promises'],
    ["import { randomUUID } from 'node:crypto';", 'randomUUID'],
    ['const at = Date.now();', 'Date.now'],
    ['const at = new Date();', 'new Date()'],
    ['const x = Math.random();', 'Math.random'],
    ["const x = process.env['X'];", 'process.env'],
    ["await fetch('http://x');", 'fetch'],
    ['setTimeout(() => {}, 1);', 'setTimeout'],
    ["console.log('x');", 'console.log'],
    ['const at = performance.now();', 'performance.now'],
  ])('a pure folder may not do this: %s', (text, what) => {
    for (const folder of pure)
      expect(layerViolations({ path: `${folder}/planted.ts`, text }), folder).toEqual([expect.stringContaining(what)]);
  });

  it.each([
    ["import { createHash } from 'node:crypto';"],
    ['const at = new Date(0);'],
    ['const grace = config.process.kill_grace_s;'],
    ['const name = ({ process }: { process: { id: number } }) => process;'],
  ])('a pure folder may do this: %s', (text) => {
    expect(layerViolations({ path: 'lib/pipeline/planted.ts', text })).toEqual([]);
  });

  it.each([
    ['lib/steps', '@actions/core'],
    ['lib/cli', '@actions/core'],
    ['actions', '@actions/core'],
    ['lib/pipeline', 'octokit'],
    ['lib/steps', 'simple-git'],
    ['lib/adapters', 'hono'],
    ['lib/relay', 'commander'],
  ])('%s may not use the package %s', (folder, name) => {
    expect(layerViolations({ path: `${folder}/planted.ts`, text: `import { x } from '${name}';` })).toHaveLength(1);
  });

  it('a file that cannot be parsed is a violation, not a pass', () => {
    expect(layerViolations({ path: 'lib/base/planted.ts', text: 'const = ;' })).toHaveLength(1);
  });
});
