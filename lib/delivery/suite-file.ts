import { z } from 'zod';

export const SuiteCheck = z.object({
  id: z.string().min(1).max(100),
  block: z.string().max(100).default(''),
  title: z.string().max(500).default(''),
  /** `skip` counts as failed. */
  status: z.enum(['pass', 'fail', 'skip']),
  detail: z.string().max(4000).default(''),
});
export type SuiteCheck = z.infer<typeof SuiteCheck>;

const Envelope = z.object({
  schema: z.literal('conveyor/staging-suite@1'),
  revision: z.string(),
  nonce: z.string(),
  checks: z.array(z.unknown()).max(10_000),
});

/** What the result file of a staging suite proves. spec: G-STG-1, delivery §4 */
export type SuiteFile =
  | { readonly kind: 'absent' }
  /** There is a file, but not this run's: it proves nothing. */
  | { readonly kind: 'no-proof'; readonly text: string }
  | {
      readonly kind: 'proof';
      readonly revision: string;
      readonly checks: readonly SuiteCheck[];
      /** Records that cannot be read, and ids that come twice. */
      readonly faults: readonly string[];
    };

/** Reads the text of `$CONVEYOR_SUITE_OUT`; null = there is none. Never throws. */
export function parseSuiteFile(text: string | null, nonce: string): SuiteFile {
  if (text === null) return { kind: 'absent' };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { kind: 'no-proof', text: 'the result file is not JSON' };
  }
  const envelope = Envelope.safeParse(data);
  if (!envelope.success) {
    const issue = envelope.error.issues[0];
    return {
      kind: 'no-proof',
      text: `the result file is not valid: ${issue?.path.join('.') || '(top level)'}: ${issue?.message}`,
    };
  }
  const { revision, checks: rows } = envelope.data;
  if (envelope.data.nonce !== nonce)
    return { kind: 'no-proof', text: 'the result file carries the nonce of another run' };
  const checks: SuiteCheck[] = [];
  const faults: string[] = [];
  for (const [index, row] of rows.entries()) {
    const check = SuiteCheck.safeParse(row);
    if (!check.success) faults.push(`record ${index + 1} is malformed: ${check.error.issues[0]?.path.join('.')}`);
    else if (checks.some(({ id }) => id === check.data.id)) faults.push(`check ${check.data.id} comes twice`);
    else checks.push(check.data);
  }
  return { kind: 'proof', revision, checks, faults };
}
