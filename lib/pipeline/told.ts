import type { ItemState } from './state.ts';

/** Characters kept of a text for the next worker; its brief is cut again by severity. */
const MAX_TEXT = 24_000;
const MAX_EARLIER_TEXT = 4000;
const MAX_EARLIER = 3;

/**
 * What the next worker is told from now on; null = nothing. Findings of a bounce that are replaced join the earlier ones,
 * so that the next brief can say what must not come back. spec: PL-R-3, AR-FB-1, AR-FB-5
 */
export function tellWorker(item: ItemState, text: string | null, bounce: ItemState['bounce'] = null): void {
  if (item.bounce !== null && item.findings !== null)
    item.rejections = [
      ...item.rejections,
      { round: item.bounce.round, findings: head(item.findings, MAX_EARLIER_TEXT) },
    ].slice(-MAX_EARLIER);
  item.findings = text === null ? null : head(text, MAX_TEXT);
  item.bounce = bounce;
  item.words = null;
}

const head = (text: string, max: number) => text.slice(0, max).toWellFormed();
