import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFolderHandover } from '../../lib/adapters/handover/folder.ts';
import { handoverContract } from './handover.contract.ts';

handoverContract('folder', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'conveyor-handover-'));
  return {
    port: createFolderHandover({ folder, runId: '17' }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
});
