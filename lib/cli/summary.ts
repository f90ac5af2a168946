import { JournalLine } from '../ledger/codec.ts';
import { STAGES, type Stage } from '../pipeline/stages.ts';

export interface StageTime {
  readonly stage: Stage;
  /** Seconds the item was in the stage, over all entries, waiting included. */
  readonly seconds: number;
  /** Runs of the stage that landed, were superseded or failed. */
  readonly attempts: number;
}
export interface Summary {
  /** In pipeline order, only stages that were entered. */
  readonly stages: readonly StageTime[];
  readonly decisions: number;
  readonly effects: number;
  readonly receipts: number;
}

/** What a journal tells of one life. A torn or foreign line is not counted. Pure. */
export function summarise(journal: string): Summary {
  const lines = journal.split('\n').flatMap((text) => parseLine(text));
  const seconds = new Map<string, number>();
  for (const [index, line] of lines.entries()) {
    const until = lines[index + 1]?.at ?? line.at;
    const stage = line.after.split('/')[0] ?? '';
    seconds.set(stage, (seconds.get(stage) ?? 0) + (Date.parse(until) - Date.parse(line.at)) / 1000);
  }
  const decisions = lines.filter((line) => line.event !== 'receipts');
  const entered = new Set(decisions.map((line) => line.after.split('/')[0]));
  return {
    stages: STAGES.filter((stage) => entered.has(stage)).map((stage) => ({
      stage,
      seconds: seconds.get(stage) ?? 0,
      attempts: decisions.filter(
        (line) => line.after === `${stage}/dispatched` && line.effects.some((key) => key.startsWith('dispatch:')),
      ).length,
    })),
    decisions: decisions.length,
    effects: decisions.reduce((sum, line) => sum + line.effects.length, 0),
    receipts: lines.reduce((sum, line) => sum + line.receipts.length, 0),
  };
}

function parseLine(text: string): JournalLine[] {
  if (text.trim() === '') return [];
  try {
    return [JournalLine.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}
