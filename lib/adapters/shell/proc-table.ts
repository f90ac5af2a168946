import { readdirSync, readFileSync } from 'node:fs';

/** A living process as /proc shows it. `started` is in clock ticks since boot; with `pid` it names a process for good. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly started: number;
}

/** Whether this platform has a process table that can be read; without it only process groups can be ended. */
export const hasProcessTable = process.platform === 'linux';

/** All living processes (zombies are dead). A process that vanishes while we look is left out. Linux only. */
export function readProcessTable(): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const row = readProcess(Number(name));
    if (row !== null) rows.push(row);
  }
  return rows;
}

/** One process, or null when it is gone, a zombie or not readable. */
export function readProcess(pid: number): ProcessRow | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The program name stands in brackets and may itself hold blanks and brackets: only what follows the last one counts.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return null;
  return {
    pid,
    parent: Number(fields[0]),
    group: Number(fields[1]),
    session: Number(fields[2]),
    started: Number(fields[18]),
  };
}

/** Value of a variable in the environment a process was started with; null when absent or not ours to read. */
export function readProcessVariable(pid: number, name: string): string | null {
  let environ: string;
  try {
    environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return null;
  }
  const prefix = `${name}=`;
  return (
    environ
      .split('\0')
      .find((entry) => entry.startsWith(prefix))
      ?.slice(prefix.length) ?? null
  );
}
