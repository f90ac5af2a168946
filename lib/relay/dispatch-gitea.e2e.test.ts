import { afterAll, describe, expect, it } from 'vitest';
import { type Stack, startStackOrSkip } from '../../tests/stack/stack.ts';
import { spyLog } from '../../tests/support/relay/outside.ts';
import type { Envelope } from '../pipeline/envelope.ts';
import { createGiteaDispatch } from './dispatch-gitea.ts';
import type { DispatchedRunState } from './ports.ts';

const WORKFLOW = `name: conveyor-event
run-name: intake
on:
  repository_dispatch:
  workflow_dispatch:
    inputs:
      events: { type: string }
jobs:
  intake:
    runs-on: conveyor
    steps:
      - env: { EVENTS: '\${{ inputs.events }}' }
        run: |
          printf '%s\\n' "$EVENTS" | grep -o 'cv-[a-z2-7]*'
          printf '%s' "$EVENTS" | wc -c
          ! printf '%s' "$EVENTS" | grep -q crash
`;
const CONFIG = `version: 1
project: {prefix: ET}
tracker: {kind: file}
agents: {adapter: scripted}
`;
const FILES = new Map([
  ['.gitea/workflows/conveyor-event.yml', WORKFLOW],
  ['.conveyor/config.yml', CONFIG],
]);
const envelope = (correlation: string, title: string): Envelope => ({
  v: 1,
  correlation,
  kind: 'tracker.state',
  source: 'plane',
  via: 'webhook',
  repo: 'acme/relay',
  project: 'p',
  item: { id: 'ET-12', tracker_id: 't', seq: 12, title },
  field: 'state',
  old_key: null,
  new_key: 'stop',
  current_key: null,
  updated_at: '',
  actor: { id: null, role: null },
  delivery: 'd',
  received_at: '',
  enriched: false,
});

const stack = await startStackOrSkip({ fetchIntervalS: 1 });
afterAll(async () => await stack?.[Symbol.asyncDispose]());

async function open(on: Stack) {
  const { fullName } = await on.createRepository({ name: 'relay', files: FILES });
  const forge = createGiteaDispatch({ url: on.url, token: on.bot.token, log: spyLog() });
  const ended = async (runId: number): Promise<DispatchedRunState> => {
    for (;;) {
      const state = await forge.runState(fullName, runId);
      if (state !== 'queued' && state !== 'running') return state;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  };
  return { forge, fullName, ended };
}

describe.skipIf(stack === null)('dispatch on a real Gitea', () => {
  it('RL-RLY-20, 24: the run id comes back, twenty long events arrive whole, the run is found by its correlation', async () => {
    const { forge, fullName, ended } = await open(stack!);
    const events = Array.from({ length: 20 }, (_, index) =>
      envelope(`cv-aaaaaaaa${'abcdefghijklmnopqrst'[index]}b`, `"quotes" $(x) щ ${'x'.repeat(1700)}`),
    );
    const { runId } = await forge.dispatch(fullName, events);
    expect(runId).toBeGreaterThan(0);
    expect(await ended(runId!)).toBe('success');
    expect(await forge.findRun(fullName, 'cv-aaaaaaaatb')).toBe(runId);
    expect(await forge.findRun(fullName, 'cv-zzzzzzzzzz')).toBeNull();
    const broken = await forge.dispatch(fullName, [envelope('cv-bbbbbbbbbb', 'crash')]);
    expect(await ended(broken.runId!)).toBe('failure');
    expect(await forge.runState(fullName, 999_999)).toBe('gone');
    expect(await forge.settings(fullName)).toMatchObject({ prefix: 'ET', trackerProject: '', labels: ['Bug'] });
    await expect(forge.dispatch(`${fullName}-gone`, events)).rejects.toMatchObject({ detail: { status: 404 } });
  });
});
