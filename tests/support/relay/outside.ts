import { ExternalError } from '../../../lib/base/errors.ts';
import type { Envelope } from '../../../lib/pipeline/envelope.ts';
import type {
  Alert,
  AlertKind,
  DispatchedRunState,
  RelayForge,
  RelayTracker,
  RepositorySettings,
} from '../../../lib/relay/ports.ts';
import type { Log } from '../../../lib/ports/log.ts';
import { BOT, boardRows } from './recordings.ts';

/** A tracker whose outages a test switches. */
export interface ScriptedTracker extends RelayTracker {
  down: { states: boolean; issue: boolean; me: boolean };
  rows: ReturnType<typeof boardRows>;
  calls: { states: number; issue: number; me: number };
  own: string[];
}

export function scriptedTracker(): ScriptedTracker {
  const outage = () => new ExternalError('TRACKER_UNREACHABLE', 'the tracker is down', { retryable: true });
  const tracker: ScriptedTracker = {
    down: { states: false, issue: false, me: false },
    rows: boardRows(),
    calls: { states: 0, issue: 0, me: 0 },
    own: [BOT],
    ownActors: async () => {
      tracker.calls.me += 1;
      if (tracker.down.me) throw outage();
      return new Set(tracker.own);
    },
    states: async () => {
      tracker.calls.states += 1;
      if (tracker.down.states) throw outage();
      return tracker.rows;
    },
    issue: async () => {
      tracker.calls.issue += 1;
      if (tracker.down.issue) throw outage();
      return {
        title: 'Fetched title',
        sequence: null,
        stateId: tracker.rows[0]?.id ?? '',
        updatedAt: '2026-05-04T10:11:12.345Z',
      };
    },
  };
  return tracker;
}

export interface Dispatch {
  readonly repository: string;
  readonly envelopes: readonly Envelope[];
  readonly runId: number;
}

/** A forge whose answers and runs a test decides; a run succeeds unless told otherwise. */
export interface ScriptedForge extends RelayForge {
  /** Answers of the next dispatches, in turn: a status code fails it, null accepts it. */
  answers: (number | null | Error)[];
  /** Decides how the run of a dispatch ends. */
  end: (dispatch: Dispatch) => DispatchedRunState;
  readonly dispatches: Dispatch[];
  /** Every try, also refused ones: correlations. */
  readonly tries: string[][];
  settingsOf: (repository: string) => RepositorySettings | null;
}

export function scriptedForge(): ScriptedForge {
  const forge: ScriptedForge = {
    answers: [],
    end: () => 'success',
    dispatches: [],
    tries: [],
    settingsOf: () => null,
    dispatch: async (repository, envelopes) => {
      forge.tries.push(envelopes.map(({ correlation }) => correlation));
      const answer = forge.answers.shift() ?? null;
      if (answer instanceof Error) throw answer;
      if (answer !== null) throw httpError(answer);
      const dispatch = { repository, envelopes, runId: 1000 + forge.dispatches.length };
      forge.dispatches.push(dispatch);
      return { runId: dispatch.runId };
    },
    runState: async (_repository, runId) => {
      const dispatch = forge.dispatches.find((candidate) => candidate.runId === runId);
      return dispatch === undefined ? 'gone' : forge.end(dispatch);
    },
    findRun: async () => null,
    settings: async (repository) => forge.settingsOf(repository),
  };
  return forge;
}

export function httpError(status: number, retryAfterS?: number): ExternalError {
  const retryable = status === 0 || status === 408 || status === 429 || status >= 500;
  return new ExternalError('FORGE_HTTP', `POST dispatches: ${status}`, {
    retryable,
    ...(status === 0 ? {} : { status }),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
}

export interface SpyLog extends Log {
  readonly lines: string[];
}

export function spyLog(): SpyLog {
  const lines: string[] = [];
  const at = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function spyAlert(): { readonly alert: Alert; readonly raised: { kind: AlertKind; text: string }[] } {
  const raised: { kind: AlertKind; text: string }[] = [];
  return { raised, alert: async (kind, text) => void raised.push({ kind, text }) };
}
