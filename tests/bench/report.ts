/** The middle of some numbers. Throws TypeError when there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new TypeError('no values: nothing was measured');
  return (low + high) / 2;
}

/** Milliseconds that some work took, by the wall. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export interface Target {
  readonly sign: '≤' | '≥';
  readonly value: number;
}

/** One line of a result, which `main.ts` finds again in the output of a benchmark. */
export function resultLine(name: string, measured: number, target: Target): string {
  return `${name}: ${measured.toFixed(2)} (target ${target.sign} ${target.value})`;
}

export interface Result {
  readonly name: string;
  readonly measured: number;
  readonly target: Target;
}

/** The result that a line of output tells; null = an ordinary line. */
export function parseResult(line: string): Result | null {
  const found = /^(.+): (-?\d+(?:\.\d+)?) \(target ([≤≥]) (\d+(?:\.\d+)?)\)$/.exec(line.trim());
  if (found === null) return null;
  const [, name = '', measured, sign, value] = found;
  return { name, measured: Number(measured), target: { sign: sign === '≤' ? '≤' : '≥', value: Number(value) } };
}

export const isReached = ({ measured, target }: Result): boolean =>
  target.sign === '≤' ? measured <= target.value : measured >= target.value;

/** Prints a result and makes the exit code negative when it missed its target. */
export function tellResult(name: string, measured: number, target: Target): void {
  console.log(resultLine(name, measured, target));
  // As printed: 1.10 is not over 1.1.
  if (!isReached({ name, measured: Number(measured.toFixed(2)), target })) process.exitCode = 1;
}
