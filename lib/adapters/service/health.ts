import { z } from 'zod';

/** What a service says of itself; names it does not tell are absent. */
export const Health = z.looseObject({ status: z.string(), commit: z.string().optional(), digest: z.string().optional() });
export type Health = z.infer<typeof Health>;

/** The answer of a health address; null = no connection, no answer in time, or an answer that is not one. */
export async function readHealth(url: string, timeoutMs: number): Promise<Health | null> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
    return Health.safeParse(await answer.json()).data ?? null;
  } catch {
    return null;
  }
}
