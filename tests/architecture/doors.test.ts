import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TOP } from './sources.ts';

/** One program for each side effect that has a door, and where it may stand. */
const DOORS = [
  {
    what: 'a program',
    text: "import { spawn } from 'node:child_process';\nspawn('x');\n",
    rule: 'no-restricted-imports',
    open: ['lib/adapters/shell', 'lib/adapters/git', 'tests', 'tools'],
  },
  {
    what: 'the network',
    text: "await fetch('http://x');\n",
    rule: 'no-restricted-globals',
    open: ['lib/adapters/forge', 'lib/adapters/tracker', 'lib/relay', 'tests', 'tools'],
  },
  {
    what: 'a raw HTTP client',
    text: "import { request } from 'node:http';\nrequest('http://x');\n",
    rule: 'no-restricted-imports',
    open: ['lib/adapters/forge', 'lib/relay', 'tests', 'tools'],
  },
  {
    what: 'the environment',
    text: "export const x = process.env['X'];\n",
    rule: 'no-process-env',
    open: ['lib/runtime', 'lib/engines', 'lib/cli', 'actions/x', 'tests', 'tools'],
  },
  {
    what: 'the Actions runtime',
    text: "import { info } from '@actions/core';\ninfo('x');\n",
    rule: 'no-restricted-imports',
    open: ['lib/runtime', 'tests', 'tools'],
  },
  { what: 'the console', text: "console.log('x');\n", rule: 'no-console', open: ['lib/cli', 'tests', 'tools'] },
  { what: 'a default export', text: 'export default 1;\n', rule: 'no-default-export', open: [] },
  {
    what: 'a loose comparison',
    text: 'export const same = (a: unknown, b: unknown) => a == b;\n',
    rule: 'eqeqeq',
    open: [],
  },
  {
    what: 'a switched-off test',
    text: "import { it } from 'vitest';\nit.skip('x', () => {});\n",
    rule: 'disabled-tests',
    open: [],
  },
] as const;
const FOLDERS = [
  'lib/base',
  'lib/pipeline',
  'lib/gates/facts',
  'lib/steps',
  'lib/delivery',
  'lib/adapters/shell',
  'lib/adapters/git',
  'lib/adapters/forge',
  'lib/adapters/tracker',
  'lib/adapters/agent',
  'lib/engines',
  'lib/relay',
  'lib/runtime',
  'lib/cli',
  'lib/report',
  'actions/x',
  'tests',
  'tools',
] as const;

/** Lints one planted file per folder in a copy of the project's shape; answers the folders in which the rule spoke. */
function foldersWhereRuleSpeaks(text: string, rule: string): string[] {
  const top = mkdtempSync(join(tmpdir(), 'conveyor-doors-'));
  try {
    cpSync(join(TOP, '.oxlintrc.json'), join(top, '.oxlintrc.json'));
    for (const folder of FOLDERS) {
      const file = join(top, folder, rule === 'disabled-tests' ? 'planted.test.ts' : 'planted.ts');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    const ended = spawnSync(join(TOP, 'node_modules', '.bin', 'oxlint'), ['--format', 'json'], {
      cwd: top,
      encoding: 'utf8',
    });
    const report = JSON.parse(ended.stdout) as { diagnostics: { code: string; filename: string }[] };
    const spoken = report.diagnostics
      .filter(({ code }) => code.includes(rule))
      .map(({ filename }) => dirname(filename));
    return [...new Set(spoken)].sort();
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

describe('doors by lint', () => {
  it.each(DOORS)('$what is refused everywhere but where its door is', ({ text, rule, open }) => {
    const closed = FOLDERS.filter((folder) => !(open as readonly string[]).includes(folder));
    const expected = closed.filter((folder) => !isAlsoOpen(rule, text, folder)).sort();
    expect(foldersWhereRuleSpeaks(text, rule)).toEqual(expected);
  });
});

/** All adapters may use the network, each is a door to one outside system; engines wire ports of one line. */
function isAlsoOpen(rule: string, text: string, folder: string): boolean {
  const network = rule === 'no-restricted-globals' || text.includes('node:http');
  return network && (folder.startsWith('lib/adapters/') || folder === 'lib/engines');
}
