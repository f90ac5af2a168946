import { describe, expect, it } from 'vitest';
import { renderTable } from './table.ts';

describe('plain table', () => {
  it('columns are as wide as their widest cell, and no line ends in blanks', () => {
    expect(
      renderTable(
        ['stage', 'n'],
        [
          ['deploy-staging', '12'],
          ['done', ''],
        ],
      ),
    ).toEqual(['stage           n', '──────────────  ──', 'deploy-staging  12', 'done']);
  });
  it('a table without rows is its head', () => {
    expect(renderTable(['a'], [])).toEqual(['a', '─']);
  });
});
