import { OLDEST_NODE } from '../base/requirements.ts';

/**
 * One line that says what is wrong with this Node and what to do, or null when it is new enough. Total.
 * The start file of every action calls it before anything else is loaded, so it keeps to syntax of Node 18.
 */
export function nodeProblem(version: string): string | null {
  const major = Number(/^v?(\d+)\./.exec(version)?.[1] ?? Number.NaN);
  if (major >= OLDEST_NODE) return null;
  return `Node ${version} is too old: Conveyor needs Node ${OLDEST_NODE} or newer. Install it on the runner and put it first on the runner's PATH.`;
}
