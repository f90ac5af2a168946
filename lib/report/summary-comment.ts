import { STAGES, type Stage } from '../pipeline/stages.ts';
import { htmlLines } from './escape.ts';
import { type UsageFigures, addUsage, isUsed, renderUsage } from './figures.ts';
import { message } from './message.ts';
import { speakerOf } from './roles.ts';

/**
 * The final summary on done: total, then one line per role that used something, in pipeline order, over all attempts.
 * null when nothing was used. spec: H-CMT-7
 */
export function renderSummaryComment(used: Readonly<Partial<Record<Stage, UsageFigures>>>): string | null {
  const roles = new Map<string, UsageFigures>();
  for (const stage of STAGES) {
    const usage = used[stage];
    if (usage === undefined || !isUsed(usage)) continue;
    const { name } = speakerOf(stage);
    const before = roles.get(name);
    roles.set(name, before === undefined ? usage : addUsage([before, usage]));
  }
  if (roles.size === 0) return null;
  const total = renderUsage(addUsage([...roles.values()])) ?? '';
  const lines = [...roles].map(([role, usage]) =>
    message('cmt.summary_role', { role, usage: renderUsage(usage) ?? '' }),
  );
  return `<div><p>${htmlLines([message('cmt.summary', { usage: total }), ...lines].join('\n'))}</p></div>`;
}
