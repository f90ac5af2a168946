import { z } from 'zod';

const digest = z.string().max(200).nullable();
const at = z.string().max(40).nullish();

export const HookState = z.enum([
  'unknown',
  'running',
  'ok',
  'rolled-back',
  'rollback-failed',
  'interrupted',
  'refused',
]);
export type HookState = z.infer<typeof HookState>;

/** A machine line of the hook: `::conveyor {json}`. spec: delivery §3 */
export const HookEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('hygiene'), dirty: z.int().min(0), discarded: z.array(z.string().max(500)).max(20) }),
  z.object({ event: z.literal('previous'), digest }),
  z.object({
    event: z.literal('health'),
    attempt: z.int().min(1),
    http: z.int().min(0),
    ok: z.boolean(),
    version: z.string().max(200).nullish(),
  }),
  z.object({
    event: z.literal('result'),
    deploy_id: z.string().max(200),
    state: HookState,
    running: digest,
    previous: digest,
    started_at: at,
    finished_at: at,
    reason: z.string().max(2000).optional(),
  }),
  z.object({
    event: z.literal('status'),
    deploy_id: z.string().max(200),
    state: HookState,
    running: digest,
    previous: digest,
    healthy: z.boolean(),
  }),
]);
export type HookEvent = z.infer<typeof HookEvent>;
export type HookResult = Extract<HookEvent, { event: 'result' }>;
export type HookStatus = Extract<HookEvent, { event: 'status' }>;

const PREFIX = '::conveyor ';
const LONGEST_LINE = 16_384;
const MOST_EVENTS = 1000;

export interface HookLines {
  readonly events: readonly HookEvent[];
  /** What was ignored and why; the text of a hostile line is never repeated. */
  readonly warnings: readonly string[];
}

/** Machine lines in the output of a hook; everything else on stdout is log. Never throws. */
export function parseHookLines(stdout: string): HookLines {
  const events: HookEvent[] = [];
  const warnings: string[] = [];
  for (const [index, line] of stdout.split(/\r?\n/).entries()) {
    if (!line.startsWith(PREFIX)) continue;
    const event = parseLine(line);
    if (typeof event === 'string') warnings.push(`machine line ${index + 1} of the hook ignored: ${event}`);
    else if (events.length < MOST_EVENTS) events.push(event);
    else {
      warnings.push(`machine lines of the hook from line ${index + 1} on ignored: more than ${MOST_EVENTS}`);
      break;
    }
  }
  return { events, warnings: warnings.slice(0, 20) };
}

function parseLine(line: string): HookEvent | string {
  if (line.length > LONGEST_LINE) return `longer than ${LONGEST_LINE} characters`;
  let data: unknown;
  try {
    data = JSON.parse(line.slice(PREFIX.length));
  } catch {
    return 'not JSON';
  }
  const parsed = HookEvent.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `${issue?.path.join('.') || 'event'}: ${issue?.message ?? 'not known'}`;
}
