import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choice, setting, walk } from '../../tests/property/kernel-walk.ts';
import { createWorld } from '../../tests/property/kernel-world.ts';
import type { ItemState, Snapshot } from '../pipeline/state.ts';
import {
  JournalLine,
  initialRepo,
  parseLedger,
  renderItem,
  renderJournalLine,
  renderJson,
  renderRepo,
  statePath,
} from './codec.ts';

const filesOf = ({ repo, items }: Snapshot) =>
  new Map([
    ['repo.json', Buffer.from(renderRepo(repo))],
    ...[...items.values()].map((item) => [statePath(item.id), Buffer.from(renderItem(item))] as const),
  ]);

const world = createWorld();
world.drive('W(confirm)');
const sound = filesOf(world.snapshot);
/** The sound ledger with one file put in place of another. */
const broken = (path: string, content: string) => new Map(sound).set(path, Buffer.from(content));
const changed = (change: (item: Record<string, unknown>) => void) => {
  const item = JSON.parse(renderItem(world.item())) as Record<string, unknown>;
  change(item);
  return broken(statePath('ET-1'), JSON.stringify(item));
};

describe('ledger codec', () => {
  it('design §3: every state that decisions reach is read back as it was written', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(setting, fc.array(choice, { minLength: 20, maxLength: 120 }), (config, choices) => {
        const { snapshot } = walk(config, choices, (current, event) => current.feed(event));
        const read = parseLedger(filesOf(snapshot));
        expect(read.repo).toEqual(snapshot.repo);
        expect(new Map(read.items)).toEqual(new Map(snapshot.items));
        expect(filesOf(read)).toEqual(filesOf(snapshot));
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });

  it('the same value has the same text, whatever the order of its keys; one value per line', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(renderJson(turned)).toBe(renderJson(value));
        expect(JSON.parse(renderJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(renderJson({ b: 1, a: { d: [1], c: 2 } })).toBe(
      '{\n "a": {\n  "c": 2,\n  "d": [\n   1\n  ]\n },\n "b": 1\n}\n',
    );
  });

  it('a journal line is one line, whatever its texts contain', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string()), (text, effects) => {
        const line: JournalLine = {
          seq: 1,
          at: 'x',
          by: 'r',
          event: 'e',
          rule: 'r',
          text,
          before: 'a',
          after: 'b',
          effects,
          receipts: [],
          config: null,
        };
        const rendered = renderJournalLine(line);
        expect(rendered.indexOf('\n')).toBe(rendered.length - 1);
        expect(JournalLine.parse(JSON.parse(rendered))).toEqual(line);
      }),
    );
  });

  it('files beside the ledger are not its items', () => {
    const more = new Map(sound)
      .set('items/ET-1/notes.txt', Buffer.from('x'))
      .set('items/nonsense/state.json', Buffer.from('x'))
      .set('estimates.ndjson', Buffer.from('x'));
    expect([...parseLedger(more).items.keys()]).toEqual(['ET-1']);
  });

  it.each([
    ['a newer schema', broken('repo.json', '{"schema": 2}'), 'LEDGER_NEWER', /schema 2.*up to 1/],
    [
      'no repo.json',
      new Map([...sound].filter(([path]) => path !== 'repo.json')),
      'LEDGER_UNREADABLE',
      /repo\.json.*missing/,
    ],
    ['half a file', broken('repo.json', '{"schema": 1'), 'LEDGER_UNREADABLE', /repo\.json/],
    ['null', broken('repo.json', 'null'), 'LEDGER_UNREADABLE', /repo\.json/],
    ['an older schema', broken('repo.json', '{"schema": 0}'), 'LEDGER_UNREADABLE', /repo\.json/],
    ['half an item', broken(statePath('ET-1'), '{'), 'LEDGER_UNREADABLE', /items\/ET-1\/state\.json/],
    ['an unknown stage', changed((item) => (item['stage'] = 'lunch')), 'LEDGER_UNREADABLE', /stage/],
    ['a number as text', changed((item) => (item['order'] = '7')), 'LEDGER_UNREADABLE', /order/],
    [
      'an item of another id',
      changed((item) => (item['id'] = 'ET-2')),
      'LEDGER_UNREADABLE',
      /contradicts itself.*id is ET-2/,
    ],
    [
      'a token while waiting',
      changed((item) => (item['token'] = 'abcdefghij')),
      'LEDGER_UNREADABLE',
      /contradicts itself.*token abcdefghij/,
    ],
    ['done but waiting', changed((item) => (item['stage'] = 'done')), 'LEDGER_UNREADABLE', /contradicts itself/],
    ['held without a hold', changed((item) => (item['activity'] = 'held')), 'LEDGER_UNREADABLE', /hold none/],
  ])('design §3: %s stops with a clear error', (_name, files, code, text) => {
    expect(() => parseLedger(files)).toThrow(
      expect.objectContaining({ name: 'ConfigError', code, message: expect.stringMatching(text) }),
    );
    expect(() => parseLedger(files)).toThrow(/Nothing was written/);
  });

  it('what the next reader could not read is never rendered', () => {
    const item = world.item();
    const bad: readonly ItemState[] = [
      { ...item, head: 'not a commit' },
      { ...item, token: 'abcdefghij' },
      { ...item, stage: 'cancelled' },
      { ...item, counters: { ...item.counters, developer: -1 } },
    ];
    for (const state of bad)
      expect(() => renderItem(state)).toThrow(
        expect.objectContaining({ name: 'InternalError', code: 'LEDGER_WOULD_BREAK' }),
      );
    expect(() => renderRepo({ ...initialRepo(1), epoch: 0 })).toThrow(
      expect.objectContaining({ code: 'LEDGER_WOULD_BREAK' }),
    );
    expect(renderItem(item)).toBe(renderJson(item));
  });
});
