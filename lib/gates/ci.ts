import type { Config } from '../pipeline/config.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { Context, RequiredContexts, StatusFact } from './ci-contexts.ts';
import { foreignContexts, sameContexts, selectRequired } from './ci-contexts.ts';
import { say } from './ci-codes.ts';
import type { Fact } from './fact.ts';
import { judge } from './judge.ts';
import type { TestRun } from './test-run.ts';
import { classifyTestRun } from './test-run.ts';

export interface RunFact {
  readonly id: number;
  readonly workflow: string;
  /** queued, running, success, failure, cancelled or unknown; only the three in the middle are over. */
  readonly state: string;
}

/** One read: statuses, runs, statuses again. `unknown-sha`: the forge answered 404. `command`: mode local. spec: G-CI-4, G-CI-9 */
export type CiReading =
  | {
      readonly kind: 'listing';
      readonly before: readonly StatusFact[];
      readonly runs: readonly RunFact[];
      readonly after: readonly StatusFact[];
    }
  | { readonly kind: 'unknown-sha' }
  | { readonly kind: 'command'; readonly run: TestRun };

export interface CiFacts {
  readonly sha: string;
  readonly reading: Fact<CiReading>;
  /** Contexts that protection of the base branch requires. */
  readonly protection: Fact<readonly string[]>;
  /** UTC times; null = not known, then no clock runs. */
  readonly pushedAt: string | null;
  readonly changedAt: string | null;
  readonly now: string;
  /** A pass of this very commit is in force. */
  readonly passInForce: boolean;
  /** The run that judges, when it is a run of the same commit: it would wait for itself. */
  readonly ownRun: number | null;
}

export type CiConfig = Pick<Config['ci'], 'mode' | 'required' | 'silence_s' | 'stuck_s' | 'expect_s'> & {
  /** Globs of contexts that do not count. */
  readonly ignore?: readonly string[];
};

const OVER = new Set(['success', 'failure', 'cancelled']);

/** Whether CI of exactly this commit proves it good. Total, never throws. spec: G-CI-1…9 */
export function decideCi(facts: CiFacts, config: CiConfig): Verdict {
  return judge('ci', () => {
    const subject = { sha: facts.sha };
    if (config.mode === 'none')
      return say('N_A', { text: 'CI is switched off for this repository (ci.mode: none)', subject });
    const { reading } = facts;
    if (reading.kind === 'unreadable')
      return say('CI_API_ERROR', {
        text: `the forge did not answer about ${facts.sha.slice(0, 8)}: ${reading.detail}; asked again later`,
        subject,
      });
    if (config.mode === 'local' || reading.value.kind === 'command') return judgeCommand(facts, config);
    if (reading.value.kind === 'unknown-sha')
      return say('CI_SHA_UNKNOWN', {
        text: `the forge does not know commit ${facts.sha}: push it again, or check the branch`,
        subject,
      });
    if (facts.protection.kind === 'unreadable')
      return say('CI_API_ERROR', {
        text: `the required contexts could not be read: ${facts.protection.detail}; asked again later`,
        subject,
      });
    return judgeListing(facts, reading.value, requiredGlobs(config, facts.protection.value), config);
  });
}

/** null = auto: all foreign contexts. spec: G-CI-3 */
function requiredGlobs(config: CiConfig, protection: readonly string[]): readonly string[] | null {
  if (config.required.length > 0) return config.required;
  const foreign = protection.filter((context) => !context.startsWith('conveyor/'));
  return foreign.length > 0 ? foreign : null;
}

function judgeListing(
  facts: CiFacts,
  listing: Extract<CiReading, { kind: 'listing' }>,
  globs: readonly string[] | null,
  config: CiConfig,
): Verdict {
  const subject = { sha: facts.sha };
  const before = foreignContexts(listing.before, config.ignore);
  const all = foreignContexts(listing.after, config.ignore);
  const required: RequiredContexts = globs === null ? { contexts: all, absent: [] } : selectRequired(all, globs);
  const shown = {
    required: globs ?? 'all',
    contexts: Object.fromEntries(required.contexts.map((context) => [context.name, context.word])),
    absent: required.absent,
  };
  const red = required.contexts.filter((context) => context.state === 'red');
  if (red.length > 0)
    return say('CI_RED', {
      text: `CI state: ${red[0]?.word ?? ''}: ${red.map((context) => context.name).join(', ')}`,
      findings: red.map(describe).join('\n'),
      facts: shown,
      subject,
    });
  const unfinished = listing.runs.filter(
    (run) => !OVER.has(run.state) && run.id !== facts.ownRun && !isOurs(run.workflow),
  );
  const settled = globs !== null || (unfinished.length === 0 && sameContexts(before, all));
  const complete = required.absent.length === 0 && required.contexts.length > 0;
  if (complete && required.contexts.every((context) => context.state === 'skipped') && settled)
    return say('CI_ALL_SKIPPED', {
      text: `all ${required.contexts.length} required contexts were skipped, so nothing ran: run CI for this commit`,
      facts: shown,
      subject,
    });
  const proven = required.contexts.every((context) => context.state === 'green' || context.state === 'skipped');
  if (complete && proven && settled) return green(required.contexts, shown, subject);
  return unproven(facts, config, {
    required,
    unfinished,
    shown,
    nothingStarted: all.length === 0 && unfinished.length === 0,
  });
}

function green(contexts: readonly Context[], shown: Record<string, unknown>, subject: Record<string, string>): Verdict {
  const warned = contexts
    .filter((context) => context.word.trim().toLowerCase() === 'warning')
    .map((context) => context.name);
  const note = warned.length > 0 ? `, with a warning from ${warned.join(', ')}` : '';
  return say('CI_GREEN', {
    text: `${contexts.length} required contexts are green${note}`,
    facts: { ...shown, warned },
    subject,
  });
}

interface Unproven {
  readonly required: RequiredContexts;
  readonly unfinished: readonly RunFact[];
  readonly shown: Record<string, unknown>;
  readonly nothingStarted: boolean;
}

/** Verdict first, clock second: only what is not decided by now is measured. spec: G-CI-6, G-CI-7 */
function unproven(facts: CiFacts, config: CiConfig, state: Unproven): Verdict {
  const { required, unfinished } = state;
  const waiting = required.contexts.filter((context) => context.state === 'waiting').map((context) => context.name);
  const missing = [
    ...(waiting.length > 0 ? [`pending: ${waiting.join(', ')}`] : []),
    ...(required.absent.length > 0 ? [`not reported: ${required.absent.join(', ')}`] : []),
    ...(unfinished.length > 0 ? [`running: ${unfinished.map((run) => run.workflow).join(', ')}`] : []),
  ].join('; ');
  const shape = { facts: { ...state.shown, unfinished: unfinished.map((run) => run.id) }, subject: { sha: facts.sha } };
  const age = seconds(facts.pushedAt, facts.now);
  const quiet = seconds(facts.changedAt ?? facts.pushedAt, facts.now);
  const absent = required.absent.length > 0 || state.nothingStarted;
  const names = required.absent.length > 0 ? required.absent.join(', ') : 'any context';
  if (!facts.passInForce && absent && age >= config.expect_s)
    return say('CI_NEVER_REPORTED', {
      text: `CI has not reported ${names} ${age} s after the push: check that its workflow starts for this branch`,
      ...shape,
    });
  if (!facts.passInForce && age >= config.stuck_s)
    return say('CI_STUCK', {
      text: `CI has no result ${age} s after the push (${missing}): look at its runs`,
      ...shape,
    });
  if (quiet >= config.silence_s)
    return say('CI_SILENT', {
      text: `no CI context changed for ${quiet} s (${missing || 'no context'}): look at its runs`,
      ...shape,
    });
  if (facts.passInForce)
    return say('CI_RERUN_PENDING', {
      text: `CI was green and runs again (${missing || 'not settled'}): its new result counts`,
      ...shape,
    });
  return say('CI_PENDING', {
    text: `CI still pending${age < 0 ? '' : ` after ${age}s`}${missing === '' ? '' : ` (${missing})`}`,
    ...shape,
  });
}

function judgeCommand(facts: CiFacts, config: CiConfig): Verdict {
  const { reading } = facts;
  if (config.mode !== 'local' || reading.kind !== 'read' || reading.value.kind !== 'command')
    return say('CI_INTERNAL', {
      text: `ci.mode is ${config.mode}, but the reading is of another kind; judged again later`,
    });
  const subject = { sha: facts.sha };
  const outcome = classifyTestRun(reading.value.run);
  if (outcome.kind !== 'ran') {
    if (outcome.kind === 'timeout') return say('TESTS_TIMEOUT', { text: outcome.text, subject });
    if (outcome.kind === 'tool-error') return say('TESTS_TOOL_ERROR', { text: outcome.text, subject });
    return say('GATE_NO_PRODUCER', {
      text: 'ci.mode is local, but tests.command is empty: set it in .conveyor/config.yml',
      subject,
    });
  }
  if (outcome.result === 'FAIL')
    return say('CI_RED', { text: `CI state: failure: ${outcome.text}`, findings: outcome.findings, subject });
  return say('CI_GREEN', { text: `the test command passed: ${outcome.text}`, subject });
}

const describe = (context: Context) =>
  `- ${context.name}: ${context.word}${context.description === '' ? '' : ` — ${context.description}`}${context.url === null ? '' : ` ${context.url}`}`;

/** Runs of our own workflows may carry the commit too (pull_request closed) and never belong to CI. */
const isOurs = (workflow: string) => /(^|\/)conveyor-[a-z-]+\.ya?ml(@|$)/.test(workflow);

/** Whole seconds between two times, -1 when one of them is not known. */
function seconds(from: string | null, to: string): number {
  const span = from === null ? Number.NaN : Date.parse(to) - Date.parse(from);
  return Number.isNaN(span) ? -1 : Math.max(0, Math.floor(span / 1000));
}
