import type { Config } from '../pipeline/config.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { CodeRow } from './code-table.ts';
import { internalRow, issuer } from './code-table.ts';
import type { Fact } from './fact.ts';
import { judge } from './judge.ts';

export const codes = [
  {
    code: 'ENTRY_OK',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-ENT-5',
    when: 'title and description are long enough',
  },
  {
    code: 'ENTRY_TITLE_SHORT',
    verdict: 'fail',
    action: 'none',
    class: 'human',
    rule: 'G-ENT-1',
    when: 'the title is shorter than `entry.title_min` (5)',
  },
  {
    code: 'ENTRY_TITLE_LONG',
    verdict: 'fail',
    action: 'none',
    class: 'human',
    rule: 'G-ENT-2',
    when: 'the title is longer than `entry.title_max` (200)',
  },
  {
    code: 'ENTRY_DESCRIPTION_SHORT',
    verdict: 'fail',
    action: 'none',
    class: 'human',
    rule: 'G-ENT-3',
    when: 'the description is shorter than `entry.description_min` (20)',
  },
  {
    code: 'ENTRY_TRACKER_ERROR',
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-ENT-4',
    when: 'the tracker did not answer; an outage is no empty text',
  },
  internalRow('ENTRY_INTERNAL'),
] as const satisfies readonly CodeRow[];

/** The texts of the issue: from an event that carried both whole, or read from the tracker. */
export type EntryFacts = Fact<{ readonly title: string; readonly description: string }>;

const say = issuer('entry', codes);

/** Trimmed, white space collapsed, in Unicode code points. spec: G-ENT */
export function textLength(text: string): number {
  return Array.from(text.replace(/\s+/gu, ' ').trim()).length;
}

/** Whether the issue says enough to start work; a fail lists every fault. Total, never throws. spec: G-ENT-1…5 */
export function decideEntry(facts: EntryFacts, config: Config['entry']): Verdict {
  return judge('entry', () => {
    if (facts.kind === 'unreadable')
      return say('ENTRY_TRACKER_ERROR', {
        text: `the issue could not be read from the tracker: ${facts.detail}; it is read again later`,
      });
    const title = textLength(facts.value.title);
    const description = textLength(facts.value.description);
    const measured = { title, description };
    const faults: { readonly code: (typeof codes)[number]['code']; readonly text: string }[] = [];
    if (title < config.title_min)
      faults.push({
        code: 'ENTRY_TITLE_SHORT',
        text: `the title has ${title} characters, at least ${config.title_min} are needed: say what is wanted`,
      });
    if (title > config.title_max)
      faults.push({
        code: 'ENTRY_TITLE_LONG',
        text: `the title has ${title} characters, at most ${config.title_max} are allowed: move the rest into the description`,
      });
    if (description < config.description_min)
      faults.push({
        code: 'ENTRY_DESCRIPTION_SHORT',
        text: `the description has ${description} characters, at least ${config.description_min} are needed: describe the wish, then start again`,
      });
    const first = faults[0];
    if (first === undefined)
      return say('ENTRY_OK', {
        text: `title ${title} characters, description ${description} characters`,
        facts: measured,
      });
    return say(first.code, {
      text: faults.map((fault) => fault.text).join('; '),
      findings: faults.map((fault) => `- ${fault.text}`).join('\n'),
      facts: { ...measured, faults: faults.map((fault) => fault.code) },
    });
  });
}
