import { describe, expect, it } from 'vitest';
import { resolveStates } from '../adapters/tracker/states.ts';
import { boardRows, stateId } from '../../tests/support/relay/recordings.ts';
import { labelInterest, startKey, stateInterest } from './interest.ts';

const board = (
  without: readonly string[] = [],
  extra: readonly { id: string; name: string; group: 'started' }[] = [],
) => resolveStates([...boardRows().filter(({ name }) => !without.includes(name)), ...extra]);
const change = (from: string, to: string | null) => ({
  kind: 'tracker.state' as const,
  old: stateId(from),
  new: to === null ? null : stateId(to),
});

describe('interest in a state change', () => {
  it.each([
    ['Backlog', 'To Analyse', 'yes'],
    ['In Review', 'Approved', 'yes'],
    ['In Review', 'Rejected', 'yes'],
    ['Awaiting Deploy', 'Confirm Deploy', 'yes'],
    ['Testing', 'STOP', 'yes'],
    ['Backlog', 'Estimate', 'yes'],
    ['Testing', 'Done', 'yes'],
    ['Testing', 'Cancelled', 'yes'],
    ['Done', 'Testing', 'yes'],
    ['Cancelled', 'Backlog', 'yes'],
    ['Backlog', 'Todo', 'no'],
    ['Backlog', 'In Progress', 'no'],
    ['Analysis', 'Needs Input', 'no'],
    ['Development', 'Code Review', 'no'],
    ['Backlog', null, 'no'],
    ['Done', null, 'yes'],
  ] as const)('RL-RLY-12: %s → %s: %s', (from, to, expected) => {
    expect(stateInterest(change(from, to), false, board())).toBe(expected);
  });

  it('case 13: with To Analyse on the board In Progress is ignored, without it In Progress starts', () => {
    expect(startKey(board())).toBe('to_analyse');
    expect(stateInterest(change('Backlog', 'In Progress'), false, board(['To Analyse']))).toBe('yes');
  });

  it('case 13: a board without Confirm Deploy, STOP, Estimate makes these gestures unknown, never something else', () => {
    const poor = board(['Confirm Deploy', 'STOP', 'Estimate']);
    for (const name of ['Confirm Deploy', 'STOP', 'Estimate'])
      expect(stateInterest(change('Testing', name), false, poor)).toBe('unsure');
  });

  it('case 14: a status named twice is unresolved and starts nothing', () => {
    const twins = board([], [{ id: '00000000-0000-4000-8000-000000000001', name: 'To Analyse', group: 'started' }]);
    expect(twins.get(stateId('To Analyse'))?.key).toBeNull();
    expect(stateInterest(change('Backlog', 'To Analyse'), false, twins)).toBe('no');
  });

  it('case 10: a creation counts only directly in the start status', () => {
    const created = (name: string) =>
      stateInterest({ kind: 'tracker.state', old: null, new: stateId(name) }, true, board());
    expect(created('To Analyse')).toBe('yes');
    for (const name of ['Backlog', 'Approved', 'STOP', 'Done']) expect(created(name)).toBe('no');
  });

  it('RL-RLY-17: without a map, or with a status it does not know, nothing is said', () => {
    expect(stateInterest(change('Backlog', 'Todo'), false, null)).toBe('unsure');
    expect(
      stateInterest({ kind: 'tracker.state', old: null, new: '00000000-0000-4000-8000-00000000000a' }, false, board()),
    ).toBe('unsure');
  });
});

describe('interest in a label change', () => {
  const names = new Map([
    ['a', ' autoapprove '],
    ['b', 'colour'],
  ]);
  const wanted = ['Bug', 'autoApprove'];

  it.each([
    [['a'], [], 'yes'],
    [[], ['a'], 'yes'],
    [['b'], [], 'no'],
    [['b'], ['b'], 'no'],
    [[], ['unknown'], 'yes'],
    [['b'], ['a'], 'yes'],
  ] as const)('RL-RLY-12: gained %j, lost %j: %s', (gained, lost, expected) => {
    expect(labelInterest({ kind: 'tracker.labels', gained, lost }, names, wanted)).toBe(expected);
  });

  it('PL-L-3: with every label switched off no label change counts', () => {
    expect(labelInterest({ kind: 'tracker.labels', gained: ['unknown'], lost: [] }, names, [])).toBe('no');
  });
});
