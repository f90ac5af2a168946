import { describe, expect, it } from 'vitest';
import { decideEntry, textLength } from './entry.ts';

const limits = { title_min: 5, title_max: 200, description_min: 20 };
const issue = (title: string, description = 'a description that is long enough') =>
  ({ kind: 'read', value: { title, description } }) as const;

describe('decideEntry', () => {
  it.each([
    ['G-ENT-1: `Fix` is too short', issue('Fix'), 'ENTRY_TITLE_SHORT'],
    ['G-ENT-1: blanks do not count', issue('   Fix        '), 'ENTRY_TITLE_SHORT'],
    ['G-ENT-1: inner blanks count once', issue('F    i'), 'ENTRY_TITLE_SHORT'],
    ['G-ENT-1: an empty title is too short', issue(''), 'ENTRY_TITLE_SHORT'],
    ['G-ENT-2: 201 characters are too many', issue('x'.repeat(201)), 'ENTRY_TITLE_LONG'],
    ['G-ENT-2: 200 characters pass', issue('x'.repeat(200)), 'ENTRY_OK'],
    ['G-ENT-2: 81 characters pass', issue('x'.repeat(81)), 'ENTRY_OK'],
    ['G-ENT-2: code points count, not UTF-16 units', issue('😀'.repeat(200)), 'ENTRY_OK'],
    ['G-ENT-1: an emoji is one character', issue('😀😀😀😀'), 'ENTRY_TITLE_SHORT'],
    ['G-ENT-3: 19 characters are too few', issue('Title', 'x'.repeat(19)), 'ENTRY_DESCRIPTION_SHORT'],
    ['G-ENT-3: an empty description is too short', issue('Title', ''), 'ENTRY_DESCRIPTION_SHORT'],
    ['G-ENT-5: 20 characters pass', issue('Title', 'x'.repeat(20)), 'ENTRY_OK'],
  ] as const)('%s', (_name, facts, code) => {
    expect(decideEntry(facts, limits).code).toBe(code);
  });

  it('G-ENT-4: an unreachable tracker is infrastructure, never an empty text', () => {
    const verdict = decideEntry({ kind: 'unreadable', detail: 'HTTP 502' }, limits);
    expect(verdict).toMatchObject({ verdict: 'error', code: 'ENTRY_TRACKER_ERROR', action: 'infra' });
    expect(verdict.text).toContain('HTTP 502');
  });

  it('G-ENT: a fail names every fault and the active limit', () => {
    const verdict = decideEntry(issue('Fix', 'short'), { ...limits, description_min: 30 });
    expect(verdict).toMatchObject({ verdict: 'fail', action: 'none', class: 'human' });
    expect(verdict.facts['faults']).toEqual(['ENTRY_TITLE_SHORT', 'ENTRY_DESCRIPTION_SHORT']);
    expect(verdict.findings).toMatch(
      /title has 3 characters, at least 5[\s\S]*description has 5 characters, at least 30/,
    );
    expect(decideEntry(issue('x'.repeat(201)), limits).text).toContain('200');
  });

  it('lengths are counted after collapsing white space', () => {
    expect(textLength(' a \n\t b  ')).toBe(3);
  });
});
