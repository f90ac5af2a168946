import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGit } from '../adapters/git/bare.ts';
import { ConfigError } from '../base/errors.ts';
import { LEDGER_REF } from '../ledger/refs.ts';
import { initLedger } from '../ledger/store.ts';
import { createSystemClock } from '../runtime/clock.ts';
import { EXIT } from './exit-code.ts';
import type { Io } from './io.ts';

export interface InitOptions {
  /** Address or path of the managed repository. */
  readonly repository: string;
  readonly main: string;
}

/**
 * `conveyor init`: makes the ledger branch of a repository with the bot's token (CONVEYOR_BOT_TOKEN; a path needs none).
 * A ledger that is there is left alone. Throws `ConfigError` MAIN_ABSENT, LEDGER_REFUSED; `ExternalError` GIT_….
 */
export async function initCommand(options: InitOptions, io: Io): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-init-'));
  try {
    const token = io.env['CONVEYOR_BOT_TOKEN'] ?? '';
    const git = await createGit({
      dir: join(folder, 'git'),
      remote: options.repository,
      token: token === '' ? null : token,
      env: io.env,
    });
    const mainRef = `refs/heads/${options.main}`;
    if (!(await git.listRefs(mainRef)).has(mainRef))
      throw new ConfigError(
        'MAIN_ABSENT',
        `${options.repository} has no branch ${options.main}: push a first commit, or name the main branch with --main`,
      );
    const log = { debug() {}, info: io.tell, warn: io.tell, error: io.tell };
    const made = await initLedger({ git, clock: createSystemClock(), log, mainRef, random: Math.random });
    const branch = LEDGER_REF.replace('refs/heads/', '');
    io.print(
      made
        ? `${branch} is made: protect conveyor/** so that only the bot pushes`
        : `${branch} is there already, nothing was changed`,
    );
    return EXIT.done;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
