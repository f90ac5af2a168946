import { appendFile } from 'node:fs/promises';
import * as core from '@actions/core';
import { neutraliseCommands } from './log.ts';

/** Shows the text in the log group `Summary` and, where the forge has it, as the job's summary. spec: H-FUI-2 */
export async function writeSummary(markdown: string): Promise<void> {
  await core.group('Summary', async () => core.info(neutraliseCommands(markdown)));
  const file = process.env['GITHUB_STEP_SUMMARY'];
  if (file === undefined || file === '') return;
  try {
    await appendFile(file, `${markdown}\n`);
  } catch (thrown) {
    core.warning(`the job summary could not be written: ${(thrown as Error).message}`);
  }
}
