import { describe, expect, it } from 'vitest';
import { classifyMergeAnswer } from './merge-answer.ts';

const open = { merged: false, headUnchanged: true, mergeable: true };

describe('classifyMergeAnswer', () => {
  it.each([
    [200, '', open, 'proof'],
    [405, 'Please try again later', open, 'transient'],
    [405, 'The PR is not in a mergeable state', open, 'transient'],
    [405, 'Not all required status checks successful', open, 'terminal'],
    [405, 'User not allowed to merge PR', open, 'terminal'],
    [409, 'head out of date', open, 'head-moved'],
    [409, 'merge conflict', { ...open, headUnchanged: false }, 'head-moved'],
    [409, 'try again', open, 'transient'],
    [422, '', open, 'transient'],
    [409, 'conflict', { ...open, mergeable: false }, 'terminal'],
    [403, '', open, 'terminal'],
    [404, '', open, 'terminal'],
    [408, '', open, 'transient'],
    [500, '', open, 'transient'],
    [503, '', open, 'transient'],
    [0, 'timeout', open, 'transient'],
    [418, '', open, 'terminal'],
  ] as const)('D-L-4: %i %j → %#', (status, text, after, expected) => {
    expect(classifyMergeAnswer({ status, text }, after)).toBe(expected);
  });

  it.each([0, 403, 405, 409, 500])('D-L-4: read again as merged beats answer %i', (status) => {
    expect(classifyMergeAnswer({ status, text: '' }, { ...open, merged: true })).toBe('proof');
  });
});
