import { describe, expect, it } from 'vitest';
import { createPlainView } from './live-view.ts';

describe('plain progress', () => {
  it('lines of a run stand under its title, what comes between runs does not', async () => {
    const printed: string[] = [];
    const view = createPlainView((line) => printed.push(line));
    view.line('before');
    view.begin('run 1');
    view.line('inside');
    view.begin('run 2');
    view.line('inside 2');
    view.end(false);
    view.line('after');
    await view.settle();
    expect(printed).toEqual(['before', '▶ run 1', '  inside', '▶ run 2', '  inside 2', 'after']);
  });
});
