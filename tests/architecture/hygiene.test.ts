import { describe, expect, it } from 'vitest';
import { foreignTraces, switchedOffTests, tooLong } from './hygiene.ts';
import { projectFiles } from './sources.ts';

const files = projectFiles();
const lines = (count: number, first = 'export const x = 1;') => `${first}\n${'x;\n'.repeat(count - 1)}`;
const planted = (path: string, text: string) => ({ path, text });

describe('file size', () => {
  it('no file is longer than 300 lines without a reason at its top', () => {
    expect(files.flatMap(tooLong)).toEqual([]);
  });
  it('300 lines pass, 301 do not, a reason excuses them', () => {
    expect(tooLong(planted('lib/x.ts', lines(300)))).toEqual([]);
    expect(tooLong(planted('lib/x.ts', lines(301)))).toHaveLength(1);
    expect(tooLong(planted('lib/x.ts', lines(301, '// One file because the table is read as a whole.')))).toEqual([]);
    expect(tooLong(planted('lib/x.ts', lines(301, "const reason = 'One file because';")))).toHaveLength(1);
  });
});

describe('traces of a machine', () => {
  it('no file names a folder of the machine it was written on, or a package server', () => {
    expect(files.flatMap(foreignTraces)).toEqual([]);
  });
  it.each([
    `const folder = '/${'work'}/main/x';`,
    `see /${'root'}/.npmrc`,
    `"/${'home'}/alice/project"`,
    `"resolved": "https://registry.${'npmjs'}.org/zod"`,
    `registry=http://${'nexus'}.example.com/npm`,
  ])('caught: %s', (text) => {
    expect(foreignTraces(planted('docs/x.md', `first line\n${text}\n`))).toHaveLength(1);
  });
  it.each([
    "import { x } from './work/prompt.ts';",
    'docs/work-items/ET-12',
    '/srv/conveyor/work',
    'lib/steps/work/collect.ts',
    '~/.npmrc',
  ])('not a trace: %s', (text) => {
    expect(foreignTraces(planted('docs/x.md', text))).toEqual([]);
  });
});

describe('switched-off tests', () => {
  it('every test runs', () => {
    expect(files.flatMap(switchedOffTests)).toEqual([]);
  });
  it.each(['skip', 'todo', 'only'])('caught: %s', (word) => {
    expect(switchedOffTests(planted('lib/x.test.ts', `it.${word}('x', () => {});`))).toHaveLength(1);
  });
  it('a test that depends on the machine is not switched off', () => {
    expect(switchedOffTests(planted('lib/x.test.ts', 'describe.skipIf(!stack)'))).toEqual([]);
  });
});
