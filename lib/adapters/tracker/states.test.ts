import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATUS_KEYS, type StatusKey } from '../../pipeline/stages.ts';
import { STATUS_NAMES } from '../../pipeline/status-names.ts';
import { type BoardState, ambiguousNames, outboundState, resolveStates } from './states.ts';

const board = (...names: string[]): BoardState[] =>
  names.map((name, index) => ({ id: `s${index}`, name, group: 'started' }));
const whole = board(...STATUS_KEYS.map((key) => STATUS_NAMES[key][0]));
const keys = (list: BoardState[], aliases = {}) => [...resolveStates(list, aliases).values()].map((state) => state.key);
const without = (...gone: StatusKey[]) =>
  resolveStates(whole.filter((state) => !gone.some((key) => STATUS_NAMES[key][0] === state.name)));

describe('resolveStates', () => {
  it('RL-RLY-18: every one of the 23 statuses is found by its exact name', () => {
    expect(keys(whole)).toEqual([...STATUS_KEYS]);
  });

  it('RL-RLY-18: names are compared after trim and NFC, and with their case', () => {
    expect(keys(board(' Analysis ', 'analysis', 'ANALYSIS'))).toEqual(['analysis', null, null]);
    expect(keys(board('Оценка'))).toEqual(['estimate']);
    expect(keys(board('Prüfung'), { review: 'Pru\u0308fung' })).toEqual(['review']);
  });

  it('RL-RLY-18: two statuses with one name are unresolved and named', () => {
    expect(keys(board('Approved', 'Approved ', 'Done'))).toEqual([null, null, 'done']);
    expect(ambiguousNames(board('Approved', 'Approved ', 'Done'))).toEqual(['Approved']);
  });

  it('PL-B-1: a configured name counts only when the exact name is not on the board', () => {
    expect(keys(board('Ревью'), { code_review: 'Ревью' })).toEqual(['code_review']);
    expect(keys(board('Code Review', 'Ревью'), { code_review: 'Ревью' })).toEqual(['code_review', null]);
    expect(keys(board('In Progress'), { analysis: 'In Progress' })).toEqual(['in_progress']);
  });

  it('RL-RLY-18: two statuses that would stand for one key are unresolved', () => {
    expect(keys(board('Estimate', 'Оценка'))).toEqual([null, null]);
  });

  it.each(['confirm_deploy', 'stop', 'estimate'] as const)('PL-B-3: %s has no alias, whatever is configured', (key) => {
    expect(keys(board('Go live'), { [key]: 'Go live' })).toEqual([null]);
  });

  it('PL-B-2: no board makes two ids stand for one key', () => {
    const names = fc.constantFrom('Analysis', ' Analysis', 'Done', 'Estimate', 'Оценка', 'STOP', 'x', 'y');
    fc.assert(
      fc.property(fc.array(names), fc.dictionary(fc.constantFrom(...STATUS_KEYS), names), (list, aliases) => {
        const found = keys(board(...list), aliases).filter((key) => key !== null);
        expect(new Set(found).size).toBe(found.length);
      }),
    );
  });
});

describe('outboundState', () => {
  it.each<[StatusKey, StatusKey[], StatusKey | 'people-only' | 'not-on-board']>([
    ['analysis', [], 'analysis'],
    ['analysis', ['analysis'], 'in_progress'],
    ['code_review', ['code_review'], 'review'],
    ['code_review', ['code_review', 'review'], 'in_progress'],
    ['code_review', ['code_review', 'review', 'in_progress'], 'not-on-board'],
    ['needs_input', ['needs_input'], 'blocked'],
    ['needs_input', ['needs_input', 'blocked'], 'not-on-board'],
    ['in_review', ['in_review'], 'in_progress'],
    ['architecture', ['architecture'], 'in_progress'],
    ['development', ['development'], 'in_progress'],
    ['testing', ['testing'], 'in_progress'],
    ['awaiting_deploy', ['awaiting_deploy'], 'in_progress'],
    ['deploying', ['deploying'], 'in_progress'],
    ['monitoring', ['monitoring'], 'done'],
    ['monitoring', ['monitoring', 'done'], 'not-on-board'],
    ['backlog', ['backlog'], 'not-on-board'],
    ['to_analyse', ['to_analyse'], 'not-on-board'],
    ['approved', ['approved'], 'not-on-board'],
    ['blocked', ['blocked'], 'not-on-board'],
    ['done', ['done'], 'not-on-board'],
    ['cancelled', ['cancelled'], 'not-on-board'],
    ['todo', [], 'people-only'],
    ['rejected', [], 'people-only'],
    ['confirm_deploy', [], 'people-only'],
    ['stop', [], 'people-only'],
    ['estimate', [], 'people-only'],
  ])('PL-B-2: %s on a board without %j is %s', (key, gone, answer) => {
    const target = outboundState(without(...gone), key);
    expect(target.write ? target.key : target.why).toBe(answer);
  });

  it('PL-B-2: an alias never leads to a gesture, whatever is missing', () => {
    const gestures: StatusKey[] = ['to_analyse', 'approved', 'rejected', 'confirm_deploy', 'stop', 'estimate'];
    fc.assert(
      fc.property(fc.constantFrom(...STATUS_KEYS), fc.subarray([...STATUS_KEYS]), (key, gone) => {
        const target = outboundState(without(...gone), key);
        if (target.write && target.key !== key) expect(gestures).not.toContain(target.key);
      }),
    );
  });
});
