import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createRepositoryFixture } from '../../tests/support/session.ts';
import { addComment, createIssue, moveIssue } from '../adapters/tracker/file.ts';

/** The analyst asks, is answered, fails once and then writes the package. */
const SCENARIO = `
version: 1
steps:
  - match: {role: analyst, round: 1}
    expect: {prompt_has: ["Previous attempt: none"], prompt_lacks: ["Clarifications"]}
    do: [{questions: ["Which tracks: only the own ones?"]}]
  - match: {role: analyst, round: 2}
    expect: {prompt_has: ["## Clarifications (round 1)", "Only the own tracks.", "Previous attempt: none"]}
    end: crash
  - match: {role: analyst, round: 3}
    expect: {prompt_has: ["## Clarifications (round 1)", "Previous attempt: crash after"]}
    do:
      - run: {argv: [git, log, "--format=SUBJECT %s"]}
      - run: {argv: [git, log, main, "--format=MAIN %s"]}
      - run: {argv: [git, remote, get-url, origin]}
      - run: {argv: [git, -c, user.name=x, -c, user.email=x@example.test, commit, -q, --allow-empty, -m, of the agent]}
      - delete: "{WI}/01-questions.md"
      - write: {path: "{WI}/01-brd.md", file: fixtures/package/01-brd.md}
      - write: {path: "{WI}/02-trz.md", file: fixtures/package/02-trz.md}
      - write: {path: "{WI}/03-acceptance-criteria.md", file: fixtures/package/03-acceptance-criteria.md}
      - write: {path: "{WI}/04-test-plan.yaml", file: fixtures/package/04-test-plan.yaml}
`;

const FIXTURES = join(import.meta.dirname, '../../examples/trails/scenarios/fixtures/package');
const PACKAGE = ['01-brd.md', '02-trz.md', '03-acceptance-criteria.md', '04-test-plan.yaml'];

describe('an analyst who asks', () => {
  it('AR-Q-3, AG-BRF-1, AG-PORT-4, AG-SEC-3: gets the answers in the request, is told of its failed run, and has a private history', async () => {
    const documents = await Promise.all(
      PACKAGE.map(
        async (name) => [`.conveyor/fixtures/package/${name}`, await readFile(join(FIXTURES, name), 'utf8')] as const,
      ),
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
    await local.idle();
    const state = async () => (await fixture.session()).view.snapshot.items.get('ET-1')!;
    expect(await state()).toMatchObject({ stage: 'analysis', hold: { code: 'questions' } });
    const comments = await readFile(join(local.issues, `${issue}.comments.ndjson`), 'utf8');
    expect(comments).toContain('Which tracks: only the own ones?');
    expect(comments).not.toContain('work_item_id');
    await addComment(local.issues, issue, 'Only the own tracks.', 'ada');
    await moveIssue(local.issues, issue, 'to_analyse', 'ada');
    await local.intake([issue]);
    await local.idle();
    const item = await state();
    expect({ said: fixture.said, hold: item.hold }).toEqual({ said: [], hold: null });
    expect(item).toMatchObject({ stage: 'analysis', waitingFor: 'approval', rounds: { analysis: 3 }, lastRun: null });
    const request = await local.git.readFile(item.head!, 'docs/work-items/ET-1/00-business-request.md');
    expect(request?.toString()).toMatch(/\n## Clarifications \(round 1\)\n\nAnswer of .*\n\nOnly the own tracks\.\n$/);

    const handed = await (await local.open('3')).handover.get('work');
    const transcript = gunzipSync(handed!.get('transcript.ndjson.gz')!).toString();
    for (const subject of [
      'SUBJECT docs: answers to ET-1',
      'SUBJECT docs: init ET-1 business request',
      'SUBJECT first',
      'MAIN first',
      'No such remote',
    ])
      expect(transcript).toContain(subject);
    const subjects = await Promise.all(
      (await local.git.firstParents(fixture.main, item.head!)).map(
        async (commit) => (await local.git.parentsOf(commit)).length,
      ),
    );
    expect(subjects, 'what the agent committed is not read back').toEqual([1, 1, 1, 1]);
  });
});
