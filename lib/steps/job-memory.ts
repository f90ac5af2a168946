import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LedgerPoint } from '../ledger/store.ts';
import type { Performed } from '../pipeline/receipts.ts';

/**
 * What the steps of one job tell each other about the ledger: they share its folder and its credentials. Saves reading
 * and pushes between steps; what may land is decided by the compare-and-swap alone, which reads anew. spec: design §3
 */
export interface JobMemory {
  /** null = this job has not looked yet, or too long ago. */
  seen(): Promise<LedgerPoint | null>;
  see(point: LedgerPoint): Promise<void>;
  /** Effects that this run performed and whose receipts go with its next push. */
  owed(): Promise<readonly Performed[]>;
  /** Replaces what is owed. */
  owe(performed: readonly Performed[]): Promise<void>;
}

/** A step that works longer than this reads the ledger again. */
const FRESH_MS = 60_000;

export const OwedReceipts = z.array(
  z.object({
    item: z.string(),
    receipts: z.array(
      z.object({ key: z.string(), seq: z.int(), value: z.string().nullable(), wrote: z.string().nullable() }),
    ),
    failed: z.record(z.string(), z.string()),
  }),
);

const Memory = z.object({
  seen: z.object({ head: z.string(), main: z.string(), at: z.number() }).nullable(),
  owed: OwedReceipts,
});
type Memory = z.infer<typeof Memory>;
const EMPTY: Memory = { seen: null, owed: [] };

/** Kept in a file of the job's private folder. What cannot be read counts as nothing known. */
export function createJobMemory(folder: string, now: () => number): JobMemory {
  const file = join(folder, 'memory.json');
  const load = async (): Promise<Memory> => {
    try {
      return Memory.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch {
      return EMPTY;
    }
  };
  const save = async (memory: Memory): Promise<void> => {
    await mkdir(folder, { recursive: true });
    // A name of its own: two that save at once must not take each other's file away.
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, JSON.stringify(memory));
    await rename(draft, file);
  };
  return {
    async seen() {
      const { seen } = await load();
      return seen === null || now() - seen.at > FRESH_MS || now() < seen.at ? null : seen;
    },
    see: async ({ head, main }) => save({ ...(await load()), seen: { head, main, at: now() } }),
    owed: async () => (await load()).owed,
    owe: async (performed) => save({ ...(await load()), owed: Memory.shape.owed.parse(performed) }),
  };
}

/** For an engine whose reads cost nothing: only what is owed is kept. */
export function createPlainMemory(): JobMemory {
  let owed: readonly Performed[] = [];
  return {
    seen: async () => null,
    see: async () => {},
    owed: async () => owed,
    owe: async (performed) => {
      owed = performed;
    },
  };
}
