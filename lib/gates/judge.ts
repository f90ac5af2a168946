import { errorText } from '../base/errors.ts';
import type { GateName } from '../pipeline/stages.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { error } from '../pipeline/verdict.ts';
import { internalCode, oneLine } from './code-table.ts';

const broken = (gate: GateName, thrown: unknown): Verdict =>
  error({
    gate,
    code: internalCode(gate),
    text: oneLine(`the ${gate} gate could not judge: ${errorText(thrown)}; it is judged again later`),
  });

/** Judges with `decide`; whatever it throws becomes `<GATE>_INTERNAL`, closed. Never throws. spec: G-GEN-8 */
export function judge(gate: GateName, decide: () => Verdict): Verdict {
  try {
    return decide();
  } catch (thrown) {
    return broken(gate, thrown);
  }
}

/** As `judge`, for loading facts and deciding in one go. Never rejects. spec: G-GEN-8 */
export async function judgeLoaded(gate: GateName, loadAndDecide: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await loadAndDecide();
  } catch (thrown) {
    return broken(gate, thrown);
  }
}
