import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { SpoolFiles } from './spool-files.ts';

/** What the command line asks of a relay, running or not. spec: RL-RLY-23, O-C-10 */
export const RelayRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('redrive'),
    key: z
      .string()
      .regex(/^[0-9a-f]{1,64}$/)
      .nullable(),
  }),
  z.strictObject({ kind: z.literal('drop'), project: z.string() }),
]);
export type RelayRequest = z.infer<typeof RelayRequest>;

const folder = (directory: string) => join(directory, 'requests');

/**
 * Leaves a request in the spool directory: the relay that holds it takes it within seconds, or at its next start.
 * Used by `conveyor relay redrive [--key K]` and `conveyor relay drop <project>`.
 */
export async function leaveRequest(files: SpoolFiles, directory: string, request: RelayRequest): Promise<void> {
  await files.makeDirectory(folder(directory));
  const name = `${Date.now()}-${randomBytes(6).toString('hex')}.json`;
  await files.replace(join(folder(directory), name), Buffer.from(JSON.stringify(RelayRequest.parse(request))));
}

/** Hands every waiting request to `take`, oldest first, then removes it; one that cannot be read is told and removed. */
export async function takeRequests(
  files: SpoolFiles,
  directory: string,
  take: (request: RelayRequest) => Promise<void>,
  unreadable: (name: string) => void,
): Promise<void> {
  await files.makeDirectory(folder(directory));
  for (const name of await files.list(folder(directory))) {
    if (!name.endsWith('.json')) continue;
    const path = join(folder(directory), name);
    const request = RelayRequest.safeParse(parse((await files.read(path))?.toString() ?? ''));
    if (request.success) await take(request.data);
    else unreadable(name);
    await files.remove(path);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
