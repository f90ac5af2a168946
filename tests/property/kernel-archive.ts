import type { LedgerPorts, LedgerView } from '../../lib/ledger/store.ts';
import type { ItemState, Snapshot } from '../../lib/pipeline/state.ts';
import * as archive from '../../lib/steps/archive.ts';
import type { Session } from '../../lib/steps/engine.ts';

export const { archiveFolder } = archive;

/** The archive's move with the ports of a ledger writer; it uses no other part of a session. */
export const archiveFinished = (ports: LedgerPorts, view: LedgerView, next: Snapshot, leaving: readonly ItemState[]) =>
  archive.archiveFinished(
    { engine: { git: ports.git, clock: ports.clock } } as unknown as Session,
    view,
    next,
    leaving,
  );
