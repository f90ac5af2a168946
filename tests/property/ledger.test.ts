import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadLedger } from '../../lib/ledger/store.ts';
import { transact } from '../../lib/ledger/transact.ts';
import type { Gesture } from '../../lib/pipeline/events.ts';
import { createLedgerFixture, createMemory, startGesture, testConfig } from '../support/ledger.ts';

const config = testConfig('intake: {serial: false}\nlimits: {runs: 10}');

describe('ledger writers', () => {
  // Clones of a forge's repository, and the local engine's direct way into one of this machine.
  it.each(['clone', 'direct'] as const)(
    'design §3: any interleaving of two to five writers (%s) ends with every event applied once',
    { timeout: 120_000 },
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(
          // Which writers try which of the starts and stops; several writers may carry the same event (webhook + reconciler).
          fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), {
            minLength: 2,
            maxLength: 5,
          }),
          async (plans) => {
            await using fixture = await createLedgerFixture();
            // Every second one remembers what it saw, and begins with that (ADR 0018).
            const writers = await Promise.all(
              plans.map(async (_, index) => ({
                ...(await fixture.writer(kind)),
                ...(index % 2 === 0 ? {} : { memory: createMemory() }),
              })),
            );
            const results = await Promise.all(
              writers.map(async (ports, index) => {
                let applied = 0;
                for (const number of plans[index]!) {
                  const events: Gesture[] = [
                    startGesture(number),
                    startGesture(number, {
                      action: 'cancel',
                      row: { id: `stop-${number}`, at: `2026-01-20T11:00:${String(number).padStart(2, '0')}.000Z` },
                    }),
                  ];
                  for (const event of events) {
                    const { decision } = await transact(ports, {
                      events: () => [event],
                      config,
                      configCommit: null,
                      run: `writer-${index}`,
                      limits: { attempts: 200 },
                      businessRequest: (item) => `# ${item.title}\n`,
                    });
                    applied += decision.answers.filter((answer) => answer.applied).length;
                  }
                }
                return applied;
              }),
            );
            const distinct = new Set(plans.flat());
            // One start and one stop per issue, whoever carried them and however often.
            expect(results.reduce((sum, count) => sum + count, 0)).toBe(distinct.size * 2);
            const { snapshot, head } = await loadLedger(fixture.first);
            expect([...snapshot.items.values()].map((item) => item.issue).sort()).toEqual(
              [...distinct].map((number) => `issue-${number}`).sort(),
            );
            expect(new Set([...snapshot.items.values()].map((item) => item.order)).size).toBe(distinct.size);
            for (const item of snapshot.items.values()) {
              expect([item.stage, item.gen, item.token]).toEqual(['cancelled', 1, null]);
              const journal = (await fixture.first.git.readFile(head, `items/${item.id}/journal.ndjson`))!
                .toString()
                .trim()
                .split('\n');
              expect(journal.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(
                journal.map((_, index) => index + 1),
              );
            }
          },
        ),
        { numRuns: 8, endOnFailure: true },
      );
    },
  );

  it('PL-S-5: a push whose answer was lost is recognised by its own journal line, and not repeated', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    let lost = 0;
    const git = {
      ...ports.git,
      async push(updates: Parameters<typeof ports.git.push>[0]) {
        const answer = await ports.git.push(updates);
        if (lost > 0) return answer;
        lost += 1;
        const { ExternalError } = await import('../../lib/base/errors.ts');
        throw new ExternalError('GIT_PUSH_UNKNOWN', 'connection reset');
      },
    };
    const result = await transact(
      { ...ports, git },
      {
        events: () => [startGesture(1)],
        config,
        configCommit: null,
        run: 'w',
        limits: { attempts: 5 },
        businessRequest: () => '# x\n',
      },
    );
    expect(result.pushed).toBe(true);
    const { snapshot, head } = await loadLedger(fixture.first);
    expect([...snapshot.items.keys()]).toEqual(['ET-1']);
    expect(
      (await fixture.first.git.readFile(head, 'items/ET-1/journal.ndjson'))!.toString().trim().split('\n'),
    ).toHaveLength(1);
  });

  it('design §3: a newer or unreadable ledger stops with a clear error and nothing is written', async () => {
    await using fixture = await createLedgerFixture();
    const ports = await fixture.writer();
    for (const [content, code] of [
      ['{"schema": 2}\n', 'LEDGER_NEWER'],
      ['{"schema": 1', 'LEDGER_UNREADABLE'],
      ['{"schema":1,"epoch":"x"}', 'LEDGER_UNREADABLE'],
    ] as const) {
      const view = await ports.git.fetch(['refs/heads/conveyor/ledger']);
      const head = view.get('refs/heads/conveyor/ledger')!;
      const broken = await ports.git.commit({
        base: head,
        parents: [head],
        changes: [{ path: 'repo.json', content }],
        message: 'x',
        author: { name: 'x', email: 'x' },
        at: new Date(0),
      });
      await ports.git.push([{ ref: 'refs/heads/conveyor/ledger', to: broken, expect: head }]);
      await expect(
        transact(ports, {
          events: () => [startGesture(1)],
          config,
          configCommit: null,
          run: 'w',
          limits: { attempts: 3 },
          businessRequest: () => '',
        }),
      ).rejects.toMatchObject({ code });
      expect((await ports.git.listRefs('refs/heads/*')).get('refs/heads/conveyor/ledger')).toBe(broken);
      expect([...(await ports.git.listRefs('refs/heads/feature/*')).keys()]).toEqual([]);
    }
  });
});
