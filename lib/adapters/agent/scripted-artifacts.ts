import { basename } from 'node:path';
import type { ArtifactAction } from './scenario-action.ts';

/** Texts a well-behaved agent would write, with keys and findings as the scenario says. spec: artifacts §5 */
export function renderScriptedArtifact(action: ArtifactAction, item: string): string {
  const document = documentFor(basename(action.file), action, item);
  if (document.keys === null) return document.body;
  const keys = Object.entries({ ...document.keys, ...action.keys }).map(([key, value]) => `${key}: ${value}`);
  switch (action.broken) {
    case 'unterminated':
      return ['---', ...keys, document.body].join('\n');
    case 'fenced':
      return ['```markdown', '---', ...keys, '---', document.body + '```', ''].join('\n');
    case 'duplicate':
      return ['---', ...keys, ...keys.slice(-1), '---', document.body].join('\n');
    case 'list':
      return [
        '---',
        ...keys.map((line, index) => (index < 2 ? line : line.replace(/: (.*)$/, ': [$1]'))),
        '---',
        document.body,
      ].join('\n');
    case undefined:
      return ['---', ...keys, '---', document.body].join('\n');
  }
}

/** `01-questions.md` with one numbered question per entry. */
export function renderScriptedQuestions(questions: string | readonly string[], item: string): string {
  const list = typeof questions === 'string' ? [questions] : questions;
  const body = list
    .map((text, index) => `### Q${index + 1}. ${text}\n\nIt blocks BR-1 and has no safe default.\n`)
    .join('\n');
  return `---\ntype: questions\nwork_item_id: ${item}\n---\n# Questions: ${item}\n\n${body}`;
}

/** `06-conflict.md`. */
export function renderScriptedConflict(text: string, item: string): string {
  return `---\ntype: conflict\nwork_item_id: ${item}\n---\n# Conflict with the requirements\n\n${text}\n`;
}

interface Document {
  /** null = the file has no frontmatter. */
  readonly keys: Readonly<Record<string, string | number>> | null;
  readonly body: string;
}

function documentFor(file: string, action: ArtifactAction, item: string): Document {
  const title = action.title ?? 'A small change';
  const head = (type: string): Record<string, string | number> => ({ type, work_item_id: item });
  if (file === '01-brd.md') return { keys: { ...head('brd'), revision: 1 }, body: brd(title) };
  if (file === '02-trz.md') return { keys: head('trz'), body: trz(title, item) };
  if (file === '03-acceptance-criteria.md') return { keys: head('acceptance-criteria'), body: acceptance(title, item) };
  if (file === '04-test-plan.yaml') return { keys: null, body: testPlan(title, item) };
  if (file === '12-review.md') return review(action, item);
  const adr = /^(ADR-\d{3})-/.exec(file)?.[1];
  if (adr !== undefined) return { keys: { ...head('adr'), status: 'Accepted' }, body: adrBody(adr, title) };
  return {
    keys: head(file.replace(/^\d+b?-|\.\w+$/g, '')),
    body: `# ${title}\n\nWritten for ${item}: this part of the package says what changes, why it changes, and what the operator has to do before.\n`,
  };
}

const brd = (title: string): string => `# BRD: ${title}
## Context and problem
People asked for this change, because today they have to do the work by hand and make mistakes.
## Goal
${title}, available to every user.
## Stakeholders
Users and their support.
## Scope
The service of this repository.
## Requirements
- BR-1 ${title}.
## Out of scope
Everything else.
## Constraints and risks
None known.
## Open questions
None.
## Success criteria
The acceptance criteria are met.
`;

const trz = (title: string, item: string): string => `# TRZ: ${item}
## Affected modules
The modules that carry out: ${title}.
## Required behaviour
1. ${title}: the service answers as the acceptance criteria say, and unknown input is refused.
## API changes
None beyond the required behaviour.
## Data schema changes
None.
## Quality gates
None.
## Artifacts along the pipeline
Fragment \`Added\`.
## Documentation to update
None.
## Not to do
No change to other modules.
`;

const acceptance = (title: string, item: string): string => `# Acceptance criteria: ${item}
## AC-1. ${title}
Given the running service, when the new behaviour is asked for, then it answers as required.
PASS: the answer is the required one. FAIL: anything else.
`;

const testPlan = (title: string, item: string): string => `work_item: ${item}
title: ${JSON.stringify(title)}
tests:
  - id: TC-01
    type: unit
    description: ${JSON.stringify(`${title} behaves as required`)}
    module: test
    expected: PASS
    acceptance: [AC-1]
`;

const adrBody = (number: string, title: string): string => `# ${number}: ${title}
## Status
Accepted
## Context
The requirement can be met inside the existing service; no new component is needed for it.
## Decision
Carry it out in the existing module with the standard library alone.
## Alternatives
A new service. Rejected: more to run, and nothing gained.
## Consequences
+ nothing new to operate. − the module grows.
## Affected modules
The module that answers the request.
`;

function review(action: ArtifactAction, item: string): Document {
  const levels = ['p0', 'p1', 'p2', 'p3'] as const;
  const counts = Object.fromEntries(levels.map((level) => [level, action[level]?.length ?? 0]));
  const names = { p0: 'P0 — Blocker', p1: 'P1 — Must fix', p2: 'P2 — Should fix', p3: 'P3 — Nice to have' };
  const sections = levels.map((level) => {
    const found = action[level] ?? [];
    return `### ${names[level]}\n${found.length === 0 ? '- none' : found.map((text) => `- [ ] **${text}**`).join('\n')}`;
  });
  const verdict = action.verdict ?? 'APPROVED';
  return {
    keys: { type: 'review', work_item_id: item, verdict, ...counts },
    body: `# Review ${item}
## Summary
The difference was read and the tests were run.
## Requirements
Each requirement has its place in the code and a test.
## ADR
Kept.
## Code quality
Readable.
## Findings
${sections.join('\n')}
## Documentation
Present.
`,
  };
}
