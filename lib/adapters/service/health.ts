import { z } from 'zod';
import { sendHttp } from '../http/send.ts';

/** What a service says of itself; names it does not tell are absent. */
export const Health = z.looseObject({
  status: z.string(),
  commit: z.string().optional(),
  digest: z.string().optional(),
});
export type Health = z.infer<typeof Health>;

/** The answer of a health address; null = no connection, no answer in time, or an answer that is not one. */
export async function readHealth(url: string, timeoutMs: number): Promise<Health | null> {
  try {
    const answer = await sendHttp({ method: 'GET', url, timeoutMs });
    return Health.safeParse(JSON.parse(answer.body.toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
