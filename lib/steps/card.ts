import { derivedStatus } from '../pipeline/board.ts';
import { STAGE_TABLE, STAGES } from '../pipeline/stages.ts';
import type { ItemState } from '../pipeline/state.ts';
import { type CardRow, renderCard } from '../report/card.ts';
import { holdExit } from '../report/exits.ts';
import { addUsage } from '../report/figures.ts';
import { pullLink } from '../report/links.ts';

type Label = Extract<CardRow['label'], `stage.${string}`>;

/** The chat card of an item, from its state alone. spec: people §2.1 */
export function cardOf(item: ItemState, repository: string | null): string {
  const used = Object.values(item.usage).map(({ input, cached, output, costUsd }) => ({ input, cached, output, costUsd }));
  return renderCard({
    id: item.id,
    title: item.title,
    url: null,
    state: item.stage === 'done' ? 'done' : item.stage === 'cancelled' ? 'cancelled' : 'open',
    board: derivedStatus(item) ?? 'to_analyse',
    detail: item.waitingFor,
    rows: rowsOf(item),
    waiting: item.hold === null ? null : { kind: 'hold', why: item.hold.text },
    next: item.hold === null ? null : holdExit(item.hold.code, item.stage),
    usage: used.length === 0 ? null : addUsage(used),
    pull: item.pull === null ? null : { number: item.pull, href: pullLink(repository, item.pull) },
  });
}

function rowsOf(item: ItemState): CardRow[] {
  const now = STAGES.indexOf(item.stage);
  return STAGE_TABLE.filter((row) => row.worker !== null).flatMap((row): CardRow[] => {
    const label = `stage.${row.stage}` as Label;
    const used = item.usage[row.stage];
    const attempt = item.rounds[row.stage] ?? 0;
    if (row.stage === item.stage && item.activity === 'dispatched') return [{ kind: 'running', label, attempt }];
    if (row.stage === item.stage && item.activity === 'queued') return [{ kind: 'queued', label }];
    if (row.stage === item.stage && item.hold !== null) return [{ kind: 'failed', label, attempt, reason: item.hold.text }];
    if (used === undefined || STAGES.indexOf(row.stage) > now) return [];
    const { seconds, input, cached, output, costUsd } = used;
    return [{ kind: 'done', label, seconds, usage: { input, cached, output, costUsd }}];
  });
}
