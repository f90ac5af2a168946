import { errorText } from '../base/errors.ts';
import { loadLedger } from '../ledger/store.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { Session } from './engine.ts';

/** How often a working run asks whether it is still wanted. spec: design §3 "Fencing token" */
const POLL_MS = 15_000;

/** Aborts when the item's token was superseded, a cancel is requested or the job itself is ended. spec: PL-K-2, AG-TIME-5 */
export function watchToken(session: Session, item: ItemState): { readonly signal: AbortSignal } & AsyncDisposable {
  const controller = new AbortController();
  const { engine, ledger } = session;
  const abort = () => controller.abort();
  engine.stop.addEventListener('abort', abort);
  const ended = new AbortController();
  const loop = (async () => {
    for (;;) {
      await engine.clock.sleep(POLL_MS, ended.signal).catch(() => undefined);
      if (ended.signal.aborted) return;
      try {
        const now = (await loadLedger(ledger)).snapshot.items.get(item.id);
        if (now?.token === item.token && now?.cancel === null) continue;
        engine.log.info(
          `${item.id}: this run is not wanted any more (${now === undefined ? 'archived' : `${now.stage}/${now.activity}`}): the agent is stopped`,
        );
        controller.abort();
        return;
      } catch (thrown) {
        // Silence of the forge is no reason to throw work away: the landing checks the token again.
        engine.log.warn(`the ledger could not be read: ${errorText(thrown)}`);
      }
    }
  })();
  return {
    signal: controller.signal,
    async [Symbol.asyncDispose]() {
      ended.abort();
      engine.stop.removeEventListener('abort', abort);
      await loop;
    },
  };
}
