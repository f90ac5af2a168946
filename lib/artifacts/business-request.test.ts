import { describe, expect, it } from 'vitest';
import { appendClarifications, renderBusinessRequest } from './business-request.ts';
import { parseFrontmatter } from './frontmatter.ts';
import { parseSections } from './markdown.ts';

const request = { item: 'ET-12', title: 'CSV export of tracks', description: 'As a user I want CSV.' };
const answers = [{ at: '2026-06-05T12:00:00Z', text: 'Only own tracks.\n# not a heading' }];

describe('00-business-request.md', () => {
  it('artifacts §5 (00) (case 25): an empty description becomes a sentence, never TBD', () => {
    const text = renderBusinessRequest({ ...request, description: ' \n' });
    expect(text).toContain('## Description\n\n_(the tracker has no description)_\n');
    expect(text).not.toContain('TBD');
  });

  it('artifacts §5 (00) (case 26): a description with --- and headings stays one document', () => {
    const text = renderBusinessRequest({
      ...request,
      title: 'a\n# b',
      description: '---\n## Description\n# x\n --- \ntext',
    });
    const parsed = parseFrontmatter(text);
    expect(parsed.ok && parseSections(parsed.body).map(({ title }) => title)).toEqual([
      'Business Request: a # b',
      'Description',
    ]);
    expect(text).toContain('\\---\n\\## Description\n\\# x\n --- \ntext');
  });

  it('artifacts §5 (00): a description over 64 KiB is cut with a visible mark, on a character', () => {
    const text = renderBusinessRequest({ ...request, description: `x${'é'.repeat(40 * 1024)}` });
    expect(text).toMatch(/é\n\n… cut here: \d+ more bytes in the tracker\n$/);
    expect(Buffer.byteLength(text)).toBeLessThan(66 * 1024);
    expect(text.isWellFormed()).toBe(true);
  });

  it('artifacts §5 (00): answers are appended as the next round, escaped, and raise the revision', () => {
    const once = appendClarifications(renderBusinessRequest(request), answers);
    expect(once).toContain('revision: 2\n');
    expect(once).toContain(
      '\n## Clarifications (round 1)\n\nAnswer of 2026-06-05T12:00:00Z:\n\nOnly own tracks.\n\\# not a heading\n',
    );
    const twice = appendClarifications(once, [{ at: '2026-06-06T12:00:00Z', text: '## Clarifications (round 7)' }]);
    expect(twice.startsWith(once.replace('revision: 2', 'revision: 3'))).toBe(true);
    expect(twice).toContain(
      '\n## Clarifications (round 2)\n\nAnswer of 2026-06-06T12:00:00Z:\n\n\\## Clarifications (round 7)\n',
    );
    expect(appendClarifications(twice, answers)).toContain('\n## Clarifications (round 3)\n');
    expect(appendClarifications(once, [])).toBe(once);
  });

  it('a person may have broken the frontmatter: the answers are appended all the same', () => {
    expect(appendClarifications('# Request\n', answers)).toContain('# Request\n\n## Clarifications (round 1)\n');
  });

  it('AR-ST-3: earlier lives are linked', () => {
    expect(renderBusinessRequest({ ...request, previous: [{ gen: 1, link: 'https://git.example.org/a' }] })).toContain(
      '## Previous attempts\n\n- Attempt 1: https://git.example.org/a\n',
    );
  });
});
