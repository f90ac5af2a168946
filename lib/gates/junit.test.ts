import { describe, expect, it } from 'vitest';
import { parseJUnit } from './junit.ts';

describe('parseJUnit', () => {
  it('counts cases of nested suites and names what failed', () => {
    const file = parseJUnit(`<?xml version="1.0"?>
      <testsuites tests="99" failures="0"><testsuite name="a"><testcase classname="gpx" name="keeps &lt;elevation&gt;"><failure message="1 != 2">stack</failure></testcase>
      <testsuite><testcase name="skipped"><skipped/></testcase><testcase name="ok"/></testsuite></testsuite>
      <testsuite><testcase name="boom"><error>Error: boom
at x</error></testcase></testsuite></testsuites>`);
    expect(file).toEqual({
      kind: 'read',
      value: {
        total: 4,
        failed: 2,
        skipped: 1,
        failures: ['gpx › keeps &lt;elevation&gt;: 1 != 2', 'boom: Error: boom'],
      },
    });
  });

  it('G-TST-2: an empty suite counts zero tests', () => {
    expect(parseJUnit('<testsuite name="none"></testsuite>')).toMatchObject({ kind: 'read', value: { total: 0 } });
  });

  it.each([
    ['other XML', '<html><body/></html>'],
    ['no XML', 'PASS 12 tests'],
    ['cut XML', '<testsuites><testsuite><testcase name="a">'],
    ['nothing', ''],
    ['entities', '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>'],
  ])('%s is not a result', (_name, text) => {
    expect(parseJUnit(text).kind).toBe('unreadable');
  });
});
