import { describe, expect, it } from 'vitest';
import {
  addUsage,
  renderDuration,
  renderMinutes,
  renderMoney,
  renderTime,
  renderTokens,
  renderUsage,
} from './figures.ts';

const usage = (input: number, cached: number, output: number, costUsd: number | null) => ({
  input,
  cached,
  output,
  costUsd,
});

describe('H-CMT-2: duration', () => {
  it.each([
    [0, '0s'],
    [59, '59s'],
    [60, '1m 00s'],
    [252, '4m 12s'],
    [3599, '59m 59s'],
    [3600, '1h 00m'],
    [3780, '1h 03m'],
    [10_020, '2h 47m'],
    [360_000, '100h 00m'],
    [12.9, '12s'],
    [null, null],
    [-1, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
  ])('%s is %s', (seconds, text) => {
    expect(renderDuration(seconds)).toBe(text);
  });
});

describe('H-CRD-2: minutes of the card', () => {
  it.each([
    [0, '—'],
    [null, '—'],
    [-5, '—'],
    [Number.NaN, '—'],
    [30, '<1m'],
    [59.9, '<1m'],
    [60, '1m'],
    [8040, '134m'],
  ])('%s is %s', (seconds, text) => {
    expect(renderMinutes(seconds)).toBe(text);
  });
});

describe('H-CMT-3: tokens, money, usage tail', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1234, '1.2k'],
    [45_800, '45.8k'],
    [999_949, '999.9k'],
    [999_950, '1.0M'],
    [1_000_000, '1.0M'],
    [8_450_000, '8.4M'],
    [-3, '0'],
  ])('%i tokens are %s', (tokens, text) => {
    expect(renderTokens(tokens)).toBe(text);
  });

  it('money has two decimals', () => {
    expect([0, 7.294, 18.4].map(renderMoney)).toEqual(['$0.00', '$7.29', '$18.40']);
  });

  it.each([
    [usage(8_500_000, 8_400_000, 45_800, 7.29), '8.5M in (8.4M cached) / 45.8k out · $7.29'],
    [usage(1200, 0, 10, 0), '1.2k in / 10 out · $0.00'],
    [usage(1200, 0, 10, null), '1.2k in / 10 out'],
    [usage(0, 0, 0, 0), null],
    [usage(0, 0, 0, null), null],
    [null, null],
  ])('%j is %s', (figures, text) => {
    expect(renderUsage(figures)).toBe(text);
  });

  it('sums; an unknown cost does not hide the known ones', () => {
    expect(addUsage([usage(1, 1, 1, null), usage(2, 0, 3, 0.5)])).toEqual(usage(3, 1, 4, 0.5));
    expect(addUsage([usage(1, 1, 1, null)]).costUsd).toBeNull();
    expect(addUsage([])).toEqual(usage(0, 0, 0, null));
  });

  it('a time is shown in UTC, a text that is none is not shown', () => {
    expect(renderTime('2026-01-21T12:30:59+02:00')).toBe('2026-01-21 10:30 UTC');
    expect(renderTime('soon @bob')).toBe('–');
  });
});
