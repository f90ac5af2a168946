import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRepositoryFixture } from '../../tests/support/session.ts';
import { createIssue, moveIssue } from '../adapters/tracker/file.ts';
import { runStep } from './run-step.ts';

const FIXTURES = join(import.meta.dirname, '../../examples/trails/scenarios/fixtures/package');
const PACKAGE = ['01-brd.md', '02-trz.md', '03-acceptance-criteria.md', '04-test-plan.yaml'];
const SCENARIO = `
version: 1
steps:
  - match: {role: analyst}
    do:
      - sleep: 3s
${PACKAGE.map((name) => `      - write: {path: "{WI}/${name}", file: fixtures/package/${name}}`).join('\n')}
`;

it('PL-K-2: a younger run with the same token stands down at its start, lands nothing, and the elder lands untouched', async () => {
  const documents = await Promise.all(
    PACKAGE.map(async (name) => [`.conveyor/fixtures/package/${name}`, await readFile(join(FIXTURES, name), 'utf8')]),
  );
  await using fixture = await createRepositoryFixture({
    files: { '.conveyor/scenario.yml': SCENARIO, ...Object.fromEntries(documents) },
  });
  const { local } = fixture;
  const issue = await createIssue(
    local.issues,
    { title: 'CSV export', description: 'As a user I want a CSV of my tracks.' },
    'ada',
  );
  await moveIssue(local.issues, issue, 'to_analyse', 'ada');
  await local.intake([issue]);
  const item = async () => (await fixture.session()).view.snapshot.items.get('ET-1')!;
  const token = (await item()).token ?? '';
  const younger = await local.open('99');
  const said: string[] = [];
  for (const step of ['stage-analysis', 'op-apply', 'gate-analysis-complete', 'op-land'])
    said.push((await runStep(step, younger, { item: 'ET-1', token, round: 1, attempt: 1 })).line);
  expect(await item(), 'the elder is still at work').toMatchObject({ token, counters: { run: 0 } });
  expect(said).toEqual([
    'superseded: run 1 with the same token is at work on ET-1',
    'superseded: run 1 with the same token is at work on ET-1',
    'analysis-complete: nothing to judge, an earlier step ended this run',
    'an earlier step of this job decided that there is nothing to land',
  ]);
  await local.idle();
  expect(await item()).toMatchObject({
    stage: 'analysis',
    waitingFor: 'approval',
    counters: { run: 0 },
    rounds: { analysis: 1 },
  });
});
