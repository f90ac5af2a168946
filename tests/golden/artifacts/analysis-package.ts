/** A small complete analysis package of ET-12, as an analyst would write it. */
export const BRD = `---
type: brd
work_item_id: ET-12
revision: 2
---
# BRD: CSV export of tracks
Revision 2: column order fixed after feedback.
## Context and problem
Users ask support for their data.
## Goal
Users leave with their data in one click.
## Stakeholders
Users, support.
## Scope
The track list.
## Out of scope
GPX and KML.
## Requirements
- BR-1 A "CSV" button on the track list downloads all tracks of the user.
## Constraints and risks
None known.
## Open questions
- Q-1 Time zone: default UTC; alternative: the user's zone.
## Success criteria
A 10 000-row export opens in a spreadsheet.
`;

export const TRZ = `# TRZ: ET-12
## Affected modules
\`src/export/\`, \`src/http/routes.ts\`
## Required behaviour
1. \`GET /tracks.csv\` streams UTF-8, header row, RFC 4180 quoting.
2. A cell starting with \`= + - @\` is prefixed with \`'\`.
## API changes
New \`GET /tracks.csv\`, 200 or 401.
## Data schema changes
None.
## Quality gates
None.
## Artifacts along the pipeline
08 for the index; fragment \`Added\`.
## Documentation to update
docs/architecture/README.md, API table.
## Not to do
No change to the GPX code.
`;

export const ACCEPTANCE = `# Acceptance criteria: ET-12
## AC-1. Export works
Given a user with 3 tracks, when GET /tracks.csv, then 4 lines.
PASS: exactly 4 lines, \`text/csv\`. FAIL: anything else.
## AC-2. No formula injection
PASS: a title \`=1+1\` is written as \`'=1+1\`. FAIL: written as is.
`;

export const TEST_PLAN = `work_item: ET-12
title: "CSV export"
tests:
  - id: TC-01
    type: integration
    description: "three tracks give four lines"
    module: test/export.test.ts
    expected: PASS
    acceptance: [AC-1]
  - id: TC-02
    type: unit
    description: "a formula is prefixed"
    module: test/export.test.ts
    expected: PASS
    acceptance: [AC-02]
    regression: true
`;

export const ADR = `---
type: adr
work_item_id: ET-12
status: Accepted
---
# ADR-001: Stream rows, no temporary file
## Status
Accepted
## Context
Exports may be large, the disk is small.
## Decision
Write rows to the response from a database cursor.
## Alternatives
Temporary file. Rejected: cleanup after a crash.
## Consequences
+ constant memory. − no Content-Length.
## Affected modules
src/export/
`;

export const QUESTIONS = `---
type: questions
work_item_id: ET-12
---
# Questions: ET-12
### Q1. Which tracks?
Only own, or shared ones too? Blocks BR-1.
`;

export const CONFLICT = `---
type: conflict
work_item_id: ET-12
---
# Conflict with the requirements
TRZ 1 asks for streaming, but ADR-0007 forbids open cursors across requests. Either drop streaming or cap the export at 5 000 rows.
`;

export const INFRA = `# Infrastructure requirements: ET-12
## New environment keys
| Key | Default | Purpose |
|---|---|---|
| EXPORT_MAX_ROWS | 50000 | cap per request |
## Required from the operator
1. Put the key on staging and production before the deploy.
`;
