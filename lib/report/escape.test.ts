import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeHtml, escapeMarkdown, htmlLines, htmlLink, markdownCode, markdownLink } from './escape.ts';

describe('H-CMT-12: HTML', () => {
  it('escapes once, in content and in attributes', () => {
    expect(escapeHtml('ET&17 <b> "x" \'y\' &amp;')).toBe('ET&amp;17 &lt;b&gt; &quot;x&quot; &#39;y&#39; &amp;amp;');
    expect(htmlLines('a\nb<')).toBe('a<br>b&lt;');
    expect(htmlLink('a<', 'https://x/?a="b"&c')).toBe('<a href="https://x/?a=&quot;b&quot;&amp;c">a&lt;</a>');
    expect(htmlLink('a<', null)).toBe('a&lt;');
  });

  it('leaves no character that HTML reads', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[<>"']/.test(escapeHtml(text))));
  });
});

describe('Markdown', () => {
  it.each([
    ['**bold** `code`', '\\*\\*bold\\*\\* \\`code\\`'],
    ['REVIEW_CHANGES and _x_', 'REVIEW_CHANGES and \\_x\\_'],
    ['a | b', 'a \\| b'],
    ['[x](https://evil)', '\\[x\\](https://evil)'],
    ['# title', '\\# title'],
    ['1. item', '1\\. item'],
    ['- item', '\\- item'],
    ['<script>', '&lt;script&gt;'],
    ['a\nb', 'a b'],
    ['~~x~~', '\\~\\~x\\~\\~'],
  ])('%j is %j', (text, wanted) => {
    expect(escapeMarkdown(text)).toBe(wanted);
  });

  it('a code span cannot be left from inside', () => {
    expect(markdownCode('a`b`` <c> |\n')).toBe('`ab <c> \\|`');
    expect(markdownCode('``')).toBe('');
  });

  it('a link cannot be left from inside', () => {
    expect(markdownLink('a](x)', 'https://x/a(b)')).toBe('[a\\](x)](https://x/a%28b%29)');
    expect(markdownLink('a', null)).toBe('a');
  });
});
