import type { EndKind } from './scenario-end.ts';

/** What the scripted program is told: everything resolved, so that it needs no parser and no library. */
export interface ScriptedPlan {
  readonly version: 1;
  /** Stands in the result line; another one there means that the line is not of this run. */
  readonly session: string;
  readonly promptFiles: readonly string[];
  readonly expect: {
    readonly promptHas: readonly string[];
    readonly promptLacks: readonly string[];
    readonly envLacks: readonly string[];
    readonly files: readonly string[];
  };
  readonly actions: readonly PlannedAction[];
  readonly end: { readonly kind: EndKind; readonly arguments: readonly number[] };
  readonly usage: ScriptedUsage | null;
}

/** Paths are relative to the work tree or absolute; `data` is base64. */
export type PlannedAction =
  | { readonly do: 'write' | 'append'; readonly path: string; readonly data: string; readonly mode: string | null }
  | { readonly do: 'delete' | 'mkdir' | 'submodule'; readonly path: string }
  | { readonly do: 'move'; readonly from: string; readonly to: string }
  | { readonly do: 'chmod'; readonly path: string; readonly mode: string }
  | { readonly do: 'symlink'; readonly path: string; readonly target: string }
  | { readonly do: 'binary'; readonly path: string; readonly bytes: number }
  | { readonly do: 'sleep' | 'spawn_orphan'; readonly ms: number }
  | { readonly do: 'print'; readonly text: string }
  | { readonly do: 'print_env' }
  | { readonly do: 'run'; readonly argv: readonly string[]; readonly input: string | null };

export interface ScriptedUsage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheCreation: number;
  readonly output: number;
  readonly costUsd: number | null;
  readonly model: string | null;
}

/** The last line a scripted agent prints. `error` = what a real program would report instead of a result. */
export interface ResultLine {
  readonly type: 'result';
  readonly session: string;
  readonly isError: boolean;
  readonly usage: ScriptedUsage | null;
  readonly error: ScriptedError | null;
  readonly text: string;
}
export type ScriptedError =
  | { readonly kind: 'api'; readonly status: number; readonly retryAfterS: number | null }
  | { readonly kind: 'network' | 'auth' | 'billing' | 'no_model' | 'expectation' | 'action' }
  | { readonly kind: 'usage_limit'; readonly resetsInS: number | null };
