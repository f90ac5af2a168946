import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createJobMemory } from './job-memory.ts';

async function createFixture() {
  const folder = await mkdtemp(join(tmpdir(), 'conveyor-memory-'));
  const time = { ms: 1_000_000 };
  return {
    folder,
    time,
    /** Each step is a process of its own. */
    step: () => createJobMemory(join(folder, 'job'), () => time.ms),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
const point = { head: 'a'.repeat(40), main: 'b'.repeat(40) };
const performed = [
  { item: 'ET-1', receipts: [{ key: 'tracker-status', seq: 3, value: null, wrote: 'deploying' }], failed: { x: 'no' } },
];

describe('ADR 0018: what the steps of a job remember', () => {
  it('a step knows what an earlier one saw, for a minute', async () => {
    await using fixture = await createFixture();
    expect(await fixture.step().seen()).toBeNull();
    await fixture.step().see(point);
    expect(await fixture.step().seen()).toMatchObject(point);
    fixture.time.ms += 60_000;
    expect(await fixture.step().seen()).toMatchObject(point);
    fixture.time.ms += 1;
    expect(await fixture.step().seen()).toBeNull();
    await fixture.step().see(point);
    // A clock that was set back says nothing about age.
    fixture.time.ms -= 10;
    expect(await fixture.step().seen()).toBeNull();
  });

  it('what is owed stays until it is replaced, whatever is seen meanwhile', async () => {
    await using fixture = await createFixture();
    await fixture.step().owe(performed);
    await fixture.step().see(point);
    expect(await fixture.step().owed()).toEqual(performed);
    await fixture.step().owe([]);
    expect([await fixture.step().owed(), await fixture.step().seen()]).toMatchObject([[], point]);
  });

  it('steps that save at once do not take each other down', async () => {
    await using fixture = await createFixture();
    await Promise.all(Array.from({ length: 20 }, () => fixture.step().see(point)));
    expect(await fixture.step().seen()).toMatchObject(point);
  });

  it.each(['', '{"seen":', '{"seen":{"head":1},"owed":[]}', '[]'])(
    'a broken file %j counts as nothing known',
    async (text) => {
      await using fixture = await createFixture();
      await fixture.step().see(point);
      await writeFile(join(fixture.folder, 'job', 'memory.json'), text);
      expect([await fixture.step().seen(), await fixture.step().owed()]).toEqual([null, []]);
      await fixture.step().see(point);
      expect(await fixture.step().seen()).toMatchObject(point);
    },
  );
});
