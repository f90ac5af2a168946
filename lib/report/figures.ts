import { message } from './message.ts';

/** What agents used: `input` counts everything that went in, `cached` the part of it that came from a cache. `costUsd` null = unknown. */
export interface UsageFigures {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly costUsd: number | null;
}

/** Tokens for people: `x.xM` from a million, `x.xk` from a thousand (999 950 rounds to `1.0M`), else the integer. spec: H-CMT-3 */
export function renderTokens(tokens: number): string {
  if (!Number.isFinite(tokens) || tokens < 0) return '0';
  if (tokens >= 999_950) return `${(tokens / 1_000_000).toFixed(1)}M`;
  if (tokens >= 1000) return `${(tokens / 1000).toFixed(1)}k`;
  return String(Math.floor(tokens));
}

/** Dollars with two decimals: `$7.29`. spec: H-CMT-3 */
export function renderMoney(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

/** `8.5M in (8.4M cached) / 45.8k out · $7.29`; null when unknown or all zero. spec: H-CMT-3 */
export function renderUsage(usage: UsageFigures | null): string | null {
  if (usage === null || !isUsed(usage)) return null;
  const cached = usage.cached > 0 ? ` ${message('cmt.cached', { n: renderTokens(usage.cached) })}` : '';
  const tokens = message('cmt.usage', { in: renderTokens(usage.input), cached, out: renderTokens(usage.output) });
  return usage.costUsd === null ? tokens : `${tokens} · ${renderMoney(usage.costUsd)}`;
}

/** Sum of several; the cost is unknown only when no part of it is known. */
export function addUsage(all: readonly UsageFigures[]): UsageFigures {
  const sum = (pick: (usage: UsageFigures) => number): number => all.reduce((total, usage) => total + pick(usage), 0);
  const known = all.filter((usage) => usage.costUsd !== null);
  return {
    input: sum((usage) => usage.input),
    cached: sum((usage) => usage.cached),
    output: sum((usage) => usage.output),
    costUsd: known.length === 0 ? null : known.reduce((total, usage) => total + (usage.costUsd ?? 0), 0),
  };
}

/** False for nothing but zeros and unknowns. */
export function isUsed(usage: UsageFigures): boolean {
  return [usage.input, usage.cached, usage.output, usage.costUsd ?? 0].some((value) => value > 0);
}

/** `59s`, `4m 12s`, `1h 03m`, no days; fractions cut; null for unknown, negative or not a number. spec: H-CMT-2 */
export function renderDuration(seconds: number | null): string | null {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return null;
  const whole = Math.floor(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
}

/** Whole minutes of the card: `—` for nothing or unknown, `<1m`, `134m`. spec: H-CRD-2 */
export function renderMinutes(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds) || seconds <= 0) return '—';
  return seconds < 60 ? message('unit.submin') : message('unit.min', { n: String(Math.floor(seconds / 60)) });
}

/** `2026-01-21 10:30 UTC` of an ISO time; `–` when it is none. */
export function renderTime(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? '–' : `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
