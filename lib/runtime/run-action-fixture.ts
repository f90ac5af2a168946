import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ConfigError, ExternalError } from '../base/errors.ts';
import { integerInput } from './inputs.ts';
import type { ActionOutcome } from './run-action.ts';
import { runAction } from './run-action.ts';

/** An action for tests: `mode` says how its main ends. */
const Inputs = z.object({ mode: z.string(), round: integerInput(1), 'forge-token': z.string().optional() });

await runAction('fixture', Inputs, async ({ inputs, run, log, stop }): Promise<ActionOutcome> => {
  switch (inputs.mode) {
    case 'pass':
      log.info(`round ${inputs.round} of ${run.repository.owner}/${run.repository.name}, run ${run.runId}`);
      return { result: 'pass', failed: false, line: 'all well', summary: '## All well', outputs: { sha: 'abc' } };
    case 'fail':
      return { result: 'fail', failed: true, line: 'two findings' };
    case 'leak':
      log.info(
        `the token is ${inputs['forge-token']}, in base64 ${Buffer.from(inputs['forge-token'] ?? '').toString('base64')}`,
      );
      throw new ExternalError('FORGE_HTTP', `refused ${inputs['forge-token']}`, { retryable: false, status: 403 });
    case 'command':
      log.info('agent said:\n::set-output name=result::pass\n  ##[error]x');
      return { result: 'pass', failed: false, line: '::warning::x' };
    case 'config':
      throw new ConfigError('CONFIG_INVALID', 'config.yml: limits.runs must be 1 or more');
    case 'bug':
      throw new TypeError('undefined is not a function');
    case 'long':
      return { result: 'pass', failed: false, line: 'long', outputs: { text: 'x'.repeat(10_001) } };
    case 'linger':
      setInterval(() => {}, 1_000);
      return { result: 'pass', failed: false, line: 'left a handle open' };
    case 'wait':
      log.info('waiting');
      await delay(60_000, undefined, { signal: stop }).catch(() => undefined);
      return { result: 'stopped', failed: false, line: `stop asked: ${stop.aborted}` };
    default:
      // Nothing keeps the loop alive: Node ends the process, and must not end it green.
      return new Promise<never>(() => {});
  }
});
