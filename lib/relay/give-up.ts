import { errorText } from '../base/errors.ts';
import type { AlertMemory } from './alert-memory.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Entry } from './entry.ts';
import type { RelayPorts } from './ports.ts';
import type { Spool } from './spool.ts';

export type GiveUp = (repository: string, entry: Entry, attempts: number, reason: string) => Promise<boolean>;

/**
 * Puts an entry whole into dead.ndjson, with one alert per project and hour that tells the count. False = the disk
 * refused, and the entry must stay where it is. spec: RL-RLY-23
 */
export function createGiveUp(deps: {
  readonly ports: Pick<RelayPorts, 'clock' | 'log'>;
  readonly spool: Pick<Spool, 'readRecord'>;
  readonly dead: Pick<DeadLetters, 'add'>;
  readonly alerts: AlertMemory;
}): GiveUp {
  const untold = new Map<string, number>();
  return async (repository, entry, attempts, reason) => {
    const { correlation, project, seq } = entry;
    try {
      const record = await deps.spool.readRecord(seq);
      const at = deps.ports.clock.now().toISOString();
      if (record === null) throw new Error(`record ${seq} is in no segment`);
      await deps.dead.add({ v: 1, at, repository, correlation, attempts, reason, record });
    } catch (thrown) {
      deps.ports.log.error(`dead letter ${correlation} could not be written: ${errorText(thrown)}`);
      return false;
    }
    const count = (untold.get(project) ?? 0) + 1;
    const text = `${count} event(s) of project ${project} could not be delivered to ${repository} (${reason}): see dead.ndjson in the spool, then conveyor relay redrive`;
    untold.set(project, (await deps.alerts.raise('relay.dead', project, text)) ? 0 : count);
    return true;
  };
}
