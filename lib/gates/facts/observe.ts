import { ExternalError } from '../../base/errors.ts';
import type { Fact } from '../fact.ts';
import { read, unreadable } from '../fact.ts';

/** Runs one read. What an outside system did not answer becomes a fact that says so; bugs are thrown on. */
export async function observe<T>(ask: () => Promise<T>): Promise<Fact<T>> {
  try {
    return read(await ask());
  } catch (thrown) {
    if (thrown instanceof ExternalError) return unreadable(thrown.message);
    throw thrown;
  }
}
