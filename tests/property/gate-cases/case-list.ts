import type { GateName } from '../../../lib/pipeline/stages.ts';
import type { Verdict } from '../../../lib/pipeline/verdict.ts';

export interface GateCase {
  readonly rule: string;
  readonly name: string;
  readonly gate: GateName;
  readonly code: string;
  readonly verdict: Verdict['verdict'];
  readonly judge: () => Verdict;
}

/** The cases of one gate: `add` them in the order of its table. */
export function caseList(gate: GateName) {
  const cases: GateCase[] = [];
  const add = (code: string, verdict: Verdict['verdict'], rule: string, name: string, judge: () => Verdict) =>
    cases.push({ gate, code, verdict, rule, name, judge });
  return { cases, add };
}

/** Facts that no loader makes: whatever goes wrong inside becomes a closed error. */
export const broken = new Proxy(
  {},
  {
    get: () => {
      throw new Error('broken facts');
    },
  },
) as never;
