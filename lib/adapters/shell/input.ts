import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Standard input as an open file that has no name any more; close it with `closeInput`. Not a pipe: Node's pipes are
 * sockets, and a bash whose input is a socket takes itself for a remote login and runs ~/.bashrc. Throws file errors.
 */
export function openInput(input: string | Buffer): number {
  const folder = mkdtempSync(join(tmpdir(), 'conveyor-input-'));
  try {
    const file = join(folder, 'input');
    writeFileSync(file, input, { mode: 0o600 });
    return openSync(file, 'r');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives our copy of the descriptor back; the child keeps its own. */
export function closeInput(descriptor: number): void {
  closeSync(descriptor);
}
