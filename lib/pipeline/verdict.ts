import { z } from 'zod';
import { GATES } from './stages.ts';

/** What a gate says. `error` = could not judge; `open` errors go on with a warning, closed ones are infra. spec: gates §1 */
export const VerdictKind = z.enum(['pass', 'fail', 'hold', 'error']);
export type VerdictKind = z.infer<typeof VerdictKind>;

/** Why it is not a pass, for people and counters. spec: G-GEN-5 */
export const VerdictClass = z.enum(['code', 'infra', 'config', 'agent', 'human']);
export type VerdictClass = z.infer<typeof VerdictClass>;

/** How `decide` acts on a non-pass. spec: gates §1 "Actions" */
export const VerdictAction = z.enum(['none', 'dev', 'dev!', 'rerun', 'infra', 'hold']);
export type VerdictAction = z.infer<typeof VerdictAction>;

export const Verdict = z.object({
  gate: z.enum(GATES),
  version: z.string(),
  verdict: VerdictKind,
  /** UPPER_SNAKE code of gates.md. */
  code: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
  /** Dotted detail code (`fm.*`, `art.*`, `plan.*`, `scope.*`) when there is one. */
  detail: z.string().nullable(),
  class: VerdictClass.nullable(),
  action: VerdictAction,
  /** One line for people: what happened, value, what to do. ≤ 400 characters. */
  text: z.string(),
  /** Text handed verbatim to the developer (fail) or posted to people (hold). */
  findings: z.string().nullable(),
  facts: z.record(z.string(), z.unknown()),
  /** What the verdict is bound to (gates.md §1.1): e.g. {sha}, {patch_id}, {code_tree}, {digest}. */
  subject: z.record(z.string(), z.string()),
  /** Path of the report inside the repository, when there is one. */
  report: z.string().nullable(),
});
export type Verdict = z.infer<typeof Verdict>;

type Shape = Pick<Verdict, 'gate' | 'code' | 'text'> & Partial<Omit<Verdict, 'gate' | 'code' | 'text' | 'verdict'>>;

const build = (verdict: VerdictKind, action: VerdictAction, cls: VerdictClass | null, shape: Shape): Verdict => ({
  version: '1',
  detail: null,
  class: cls,
  action,
  findings: null,
  facts: {},
  subject: {},
  report: null,
  ...shape,
  verdict,
});

/** Positive proof. */
export const pass = (shape: Shape): Verdict => build('pass', 'none', null, shape);
/** Proven fault of the change; the developer gets `findings` (defaults to `text`). */
export const fail = (shape: Shape): Verdict =>
  build('fail', shape.action ?? 'dev', shape.class ?? 'code', { findings: shape.text, ...shape });
/** Waits for a person or infrastructure; never rolls back, never burns a retry. */
export const hold = (shape: Shape): Verdict => build('hold', shape.action ?? 'hold', shape.class ?? 'human', shape);
/** Could not judge, closed: judged again later (`infra`) or produced again (`rerun`), then hold. */
export const error = (shape: Shape): Verdict => build('error', shape.action ?? 'infra', shape.class ?? 'infra', shape);
