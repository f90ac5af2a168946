import { afterAll, describe, it } from 'vitest';
import type { HandoverPort } from '../../lib/ports/handover.ts';
import { HANDOVER_CASES } from './handover.cases.ts';

/** What every hand-over must do, seen through its port only. */
export function handoverContract(
  name: string,
  start: () => Promise<{ readonly port: HandoverPort } & AsyncDisposable>,
): void {
  describe(`hand-over contract: ${name}`, () => {
    const fixture = start();
    afterAll(async () => await (await fixture)[Symbol.asyncDispose]());
    for (const row of HANDOVER_CASES) it(row.name, async () => await row.run((await fixture).port));
  });
}
