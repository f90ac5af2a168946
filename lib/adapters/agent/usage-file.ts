import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Reported } from './outcome.ts';
import { NOTHING_REPORTED } from './outcome.ts';

const MAX_BYTES = 64 * 1024;
const tokens = z.int().min(0).default(0);
const UsageFile = z
  .object({
    model: z.string().min(1).max(200).nullable().default(null),
    input_tokens: tokens,
    cache_read_tokens: tokens,
    cache_creation_tokens: tokens,
    output_tokens: tokens,
    cost_usd: z.number().min(0).nullable().default(null),
  })
  .refine(
    (file) => file.input_tokens + file.output_tokens + file.cache_read_tokens + file.cache_creation_tokens > 0,
    'no tokens',
  );

/** What an agent wrote about its use; absent, unreadable, too large or negative = nothing. Never throws. spec: AG-CMD-3 */
export function readUsageFile(path: string): Reported {
  try {
    const file = openSync(path, 'r');
    try {
      if (!fstatSync(file).isFile() || fstatSync(file).size > MAX_BYTES) return NOTHING_REPORTED;
      return parseUsage(readFileSync(file, 'utf8'));
    } finally {
      closeSync(file);
    }
  } catch {
    // Unknown usage is a value of its own (null): whoever counts money charges the whole reservation.
    return NOTHING_REPORTED;
  }
}

function parseUsage(text: string): Reported {
  const parsed = UsageFile.safeParse(JSON.parse(text));
  if (!parsed.success) return NOTHING_REPORTED;
  const { model, cost_usd: costUsd, ...use } = parsed.data;
  return {
    usage: {
      input: use.input_tokens,
      cacheRead: use.cache_read_tokens,
      cacheCreation: use.cache_creation_tokens,
      output: use.output_tokens,
    },
    costUsd,
    modelUsed: model,
  };
}
