import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { HandoverPort } from '../../lib/ports/handover.ts';

/** A case of the hand-over contract; free of any test framework because it also runs inside a job of a real runner. */
export interface HandoverCase {
  readonly name: string;
  readonly run: (port: HandoverPort) => Promise<void>;
}

const files = (entries: Readonly<Record<string, string | Buffer>>): ReadonlyMap<string, Buffer> =>
  new Map(Object.entries(entries).map(([name, content]) => [name, Buffer.from(content)]));

async function assertHolds(port: HandoverPort, name: string, wanted: ReadonlyMap<string, Buffer>): Promise<void> {
  const got = await port.get(name);
  assert.ok(got !== null, `nothing under ${name}`);
  assert.deepEqual([...got.keys()].toSorted(), [...wanted.keys()].toSorted());
  for (const [file, content] of wanted) assert.ok(got.get(file)?.equals(content), `${file} came back different`);
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
  return 'nothing was refused';
}

export const HANDOVER_CASES: readonly HandoverCase[] = [
  {
    name: 'what was put comes back byte for byte: text, binary, empty, nested, other alphabets',
    async run(port) {
      const set = files({
        'verdict.json': '{"ok":true}\n',
        'work/deep/er/патч.diff': 'Привет',
        empty: '',
        'all-bytes.bin': Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256)),
      });
      const { digest, size } = await port.put('round-trip', set);
      assert.match(digest, /^[0-9a-f]{64}$/);
      assert.ok(size > 0);
      await assertHolds(port, 'round-trip', set);
    },
  },
  {
    name: 'a name under which nothing was left is null, not an error',
    async run(port) {
      assert.equal(await port.get('never-put'), null);
    },
  },
  {
    name: 'names do not mix',
    async run(port) {
      await port.put('work', files({ a: 'of work' }));
      await port.put('work-2', files({ a: 'of work-2' }));
      await assertHolds(port, 'work', files({ a: 'of work' }));
      await assertHolds(port, 'work-2', files({ a: 'of work-2' }));
    },
  },
  {
    name: 'a second put replaces the set as a whole (a re-run keeps its run id)',
    async run(port) {
      await port.put('again', files({ old: 'first', both: 'first' }));
      await port.put('again', files({ both: 'second', new: 'second' }));
      await assertHolds(port, 'again', files({ both: 'second', new: 'second' }));
    },
  },
  {
    name: 'the digest is that of the content: same files in another order same digest, one byte more another one',
    async run(port) {
      const one = await port.put('digest-1', files({ a: '1', b: '2' }));
      const two = await port.put('digest-2', files({ b: '2', a: '1' }));
      const three = await port.put('digest-3', files({ b: '2', a: '1 ' }));
      assert.equal(one.digest, two.digest);
      assert.notEqual(one.digest, three.digest);
    },
  },
  {
    name: 'five megabytes that do not compress arrive whole',
    async run(port) {
      const set = files({ 'transcript.bin': randomBytes(5 * 1024 * 1024) });
      await port.put('large', set);
      await assertHolds(port, 'large', set);
    },
  },
  {
    name: 'an empty set is a set',
    async run(port) {
      await port.put('nothing-inside', new Map());
      await assertHolds(port, 'nothing-inside', new Map());
    },
  },
  {
    name: 'paths that leave the set and names that are paths are refused, and nothing is stored',
    async run(port) {
      for (const bad of ['../escape', '/absolute', 'a/../b', 'a//b', '', 'back\\slash'])
        assert.equal(
          await refusal(port.put('refused', files({ fine: 'x', [bad]: 'y' }))),
          'HANDOVER_NAME',
          `path "${bad}"`,
        );
      assert.equal(await port.get('refused'), null);
      for (const bad of ['', '../up', 'a/b', '.hidden'])
        assert.equal(await refusal(port.put(bad, files({ a: 'b' }))), 'HANDOVER_NAME');
    },
  },
];
