import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ADA,
  BOT,
  OTHER_PROJECT,
  PROJECT,
  recording,
  recordings,
  stateId,
} from '../../tests/support/relay/recordings.ts';
import { parseDelivery } from './delivery.ts';
import { changeOf } from './interest.ts';

const read = (number: number) => parseDelivery(JSON.parse(recording(number).body));

describe('normal form of a delivery', () => {
  it('case 43, RL-RLY-11: every recorded body has a normal form in the names of the public API', () => {
    const bodies = recordings().filter(({ method }) => method === 'POST');
    expect(bodies).toHaveLength(79);
    const fields = new Set<string | null>();
    for (const { body, headers, file } of bodies) {
      const delivery = parseDelivery(JSON.parse(body));
      expect(delivery, file).not.toBeNull();
      const event = headers['X-Plane-Event'];
      expect(delivery?.event).toBe(event === 'issue_comment' ? 'comment' : event);
      expect(['created', 'updated', 'deleted']).toContain(delivery?.action);
      expect(delivery?.field === null, file).toBe(delivery?.action !== 'updated');
      expect(delivery?.actor, file).toMatch(/^[0-9a-f-]{36}$/);
      if (delivery?.event === 'issue')
        expect([PROJECT, OTHER_PROJECT, 'e58d57da-2b8c-4259-a322-b08a2f280cbb']).toContain(delivery.project);
      fields.add(delivery?.field ?? null);
    }
    expect([...fields].filter((field) => field?.endsWith('_id') || field?.endsWith('_ids')).toSorted()).toEqual([
      'external_id',
    ]);
    expect([...fields]).toEqual(
      expect.arrayContaining(['state', 'labels', 'assignees', 'parent', 'name', 'priority', 'sort_order']),
    );
  });

  it('case 4: state_id from the web and state from the API have one form', () => {
    const web = read(9);
    const api = read(12);
    expect(web).toMatchObject({
      field: 'state',
      old: stateId('To Analyse'),
      new: stateId('Analysis'),
      actor: ADA,
      sequence: 2,
    });
    expect(api).toMatchObject({
      field: 'state',
      old: stateId('To Analyse'),
      new: stateId('Analysis'),
      actor: BOT,
      sequence: 3,
    });
    expect(changeOf(web!)).toEqual(changeOf(api!));
  });

  it('RL-RLY-11: old and new come from the activity, not from data that was read late', () => {
    expect(read(34)).toMatchObject({ new: stateId('Code Review'), late: { state: { name: 'Testing' } } });
  });

  it('RL-RLY-11: a drag on the board is two deliveries, and only the second changes the state', () => {
    expect(changeOf(read(10)!)).toBeNull();
    expect(changeOf(read(11)!)).toEqual({
      kind: 'tracker.state',
      old: stateId('Analysis'),
      new: stateId('Needs Input'),
    });
  });

  it('RL-RLY-11: the same labels in another order are no change; gained and lost ones are', () => {
    expect(changeOf(read(18)!)).toBeNull();
    expect(changeOf(read(16)!)).toMatchObject({
      kind: 'tracker.labels',
      lost: [],
      gained: ['eb849570-b35c-469b-9bd9-081e08df8b22'],
    });
    expect(changeOf(read(19)!)).toMatchObject({ kind: 'tracker.labels', gained: [] });
  });

  it.each(['create', 'update', 'delete'])('RL-RLY-11: the verb of the documentation, %s, is accepted', (verb) => {
    const body = { ...JSON.parse(recording(9).body), action: verb, event: 'work_item' };
    expect(parseDelivery(body)).toMatchObject({ event: 'issue', action: `${verb}d` });
  });

  it('RL-RLY-12: comments, cycles, modules and projects announce nothing', () => {
    for (const number of [1, 36, 37, 41, 42, 43, 44, 45, 60, 65])
      expect(changeOf(read(number)!), String(number)).toBeNull();
  });

  it('never throws, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const delivery = parseDelivery(json);
        if (delivery !== null) changeOf(delivery);
      }),
    );
  });
});
