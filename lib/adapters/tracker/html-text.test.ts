import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { htmlText } from './html-text.ts';

describe('htmlText', () => {
  it.each([
    ['<p>one</p><p>two</p>', 'one two'],
    ['a<br>b<br/>c', 'a b c'],
    ['<ul><li>blank</li></ul>', 'blank'],
    ['Q&amp;A &lt;b&gt; &#9749; &nbsp; &copy;', 'Q&A <b> ☕ ©'],
    ['&amp;lt;script&amp;gt;', '&lt;script&gt;'],
    ['<a title="1 > 0" href=\'x>y\'>link</a>', 'link'],
    ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
    ['a<!-- <b>hidden</b> -->b<!-- open', 'a b'],
    ['', ''],
    ['<p></p>', ''],
    ['  many \n\t spaces ', 'many spaces'],
  ])('PL-Q-1: %j reads %j', (html, text) => {
    expect(htmlText(html)).toBe(text);
  });

  it('PL-Q-1: the answer is one line without white space at its ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (html) => {
        const text = htmlText(html);
        expect(text).toBe(text.trim());
        expect(text).not.toMatch(/[\n\t]|\s\s/);
      }),
    );
  });

  it.each(['<a', '<!--', '<a "', "<a '", '<a x="y" ', '&', '<'])('stays linear on a megabyte of %j', (piece) => {
    expect(htmlText(piece.repeat(1_000_000 / piece.length)).length).toBeLessThanOrEqual(1_000_000);
  });
});
