import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../base/errors.ts';

/** Held until released or until the process ends, however it ends. */
export interface SpoolLock extends Disposable {
  release(): void;
}

/**
 * One process per spool directory. Node has no flock; an exclusive SQLite transaction takes a lock of the kernel, which
 * a kill -9 cannot leave behind. Throws `ConfigError` RELAY_SPOOL_LOCKED. spec: RL-RLY-9
 */
export function lockSpool(directory: string): SpoolLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (thrown) {
    database.close();
    if ((thrown as { errcode?: number }).errcode !== 5) throw thrown;
    throw new ConfigError(
      'RELAY_SPOOL_LOCKED',
      `another relay process works on the spool ${directory}: stop it, or give this one a spool.dir of its own`,
    );
  }
  let held = true;
  const release = () => {
    if (held) database.close();
    held = false;
  };
  return { release, [Symbol.dispose]: release };
}
