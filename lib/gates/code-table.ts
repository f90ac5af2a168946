import type { GateName } from '../pipeline/stages.ts';
import type { Verdict, VerdictAction, VerdictClass, VerdictKind } from '../pipeline/verdict.ts';
import { error, fail, hold, pass } from '../pipeline/verdict.ts';

/** One verdict a gate can give. Docs and tests are made from these rows, so a gate cannot say what no row describes. */
export interface CodeRow {
  readonly code: string;
  readonly verdict: VerdictKind;
  readonly action: VerdictAction;
  /** null for a pass. */
  readonly class: VerdictClass | null;
  /** Rule of the specification that gives this verdict. */
  readonly rule: string;
  /** When it is given, for people. */
  readonly when: string;
}

/** What a decision adds to a row. */
export type VerdictShape = Pick<Verdict, 'text'> &
  Partial<Pick<Verdict, 'detail' | 'findings' | 'facts' | 'subject' | 'report'>>;

/** `ENTRY_INTERNAL`, `ANALYSIS_COMPLETE_INTERNAL`, … spec: G-GEN-8 */
export const internalCode = (gate: GateName): string => `${gate.replaceAll('-', '_').toUpperCase()}_INTERNAL`;

/** The row every gate shares: it could not judge because something of ours broke. spec: G-GEN-8 */
export const internalRow = <Code extends string>(code: Code) =>
  ({
    code,
    verdict: 'error',
    action: 'infra',
    class: 'infra',
    rule: 'G-GEN-8',
    when: 'the gate itself broke, or a fact it needs could not be read',
  }) as const;

const TEXT_LIMIT = 400;
const FINDINGS_LIMIT = 8000;

/** One line of at most `limit` characters; control characters become spaces. */
export function oneLine(text: string, limit = TEXT_LIMIT): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= limit ? line : `${characters.slice(0, limit - 1).join('')}…`;
}

const cut = (text: string) => (text.length <= FINDINGS_LIMIT ? text : `${text.slice(0, FINDINGS_LIMIT - 2)}\n…`);

const BUILD = { pass, fail, hold, error } as const;

/** Binds a gate to its table: the function makes verdicts from rows only. A code with several rows needs `verdict`. */
export function issuer<const Rows extends readonly CodeRow[]>(gate: GateName, rows: Rows) {
  return (code: Rows[number]['code'], shape: VerdictShape, verdict?: VerdictKind): Verdict => {
    const row = rows.find(
      (candidate) => candidate.code === code && (verdict ?? candidate.verdict) === candidate.verdict,
    );
    if (row === undefined) throw new TypeError(`gate ${gate} has no row for ${code} as ${verdict ?? 'anything'}`);
    const text = oneLine(shape.text);
    const findings = shape.findings ?? (row.verdict === 'fail' ? text : null);
    return BUILD[row.verdict]({
      ...shape,
      gate,
      code: row.code,
      text,
      findings: findings === null ? null : cut(findings),
      action: row.action,
      class: row.class,
    });
  };
}
