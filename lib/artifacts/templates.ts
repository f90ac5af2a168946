/** What a skeleton asks for under each heading. */
type Outline = { readonly title: string; readonly parts: readonly (readonly [heading: string, hint: string])[] };

/** Headings of each document, in order; the machine never depends on them, people and agents do. spec: artifacts §5 */
export const OUTLINES = {
  '01-brd.md': {
    title: 'BRD: <title>',
    parts: [
      ['Context and problem', '<who has which problem today>'],
      ['Goal', '<what is true afterwards>'],
      ['Stakeholders', '<who asks, who is affected>'],
      ['Scope', '<what belongs to it>'],
      ['Out of scope', '<what does not>'],
      ['Requirements', '- BR-1 <requirement>'],
      ['Constraints and risks', '<limits, dependencies>'],
      ['Open questions', '- Q-1 <question>: default <safe default>; alternative: <alternative>'],
      ['Success criteria', '<how success is seen>'],
    ],
  },
  '01-questions.md': {
    title: 'Questions: <ID>',
    parts: [['Q1. <question>', '<context, why it blocks, options, which BR it blocks>']],
  },
  '02-trz.md': {
    title: 'TRZ: <ID>',
    parts: [
      ['Affected modules', '<paths>'],
      ['Required behaviour', '1. <requirement>'],
      ['API changes', '<changes, or None.>'],
      ['Data schema changes', '<changes, or None.>'],
      ['Quality gates', '<changes, or None.>'],
      ['Artifacts along the pipeline', '<which of 07, 08, 10 are due, kind of changelog fragment>'],
      ['Documentation to update', '<paths>'],
      ['Not to do', '<what must stay as it is>'],
    ],
  },
  '03-acceptance-criteria.md': {
    title: 'Acceptance criteria: <ID>',
    parts: [['AC-1. <title>', 'Given <state>, when <action>, then <result>.\nPASS: <checkable>. FAIL: <checkable>.']],
  },
  '04b-ui-test-cases.md': { title: 'UI test cases: <ID>', parts: [['UI-1', '1. <step>\n\nExpected: <screen>']] },
  '06-adr/ADR-NNN-<slug>.md': {
    title: 'ADR-NNN: <title>',
    parts: [
      ['Status', '<Proposed, Accepted or Deprecated>'],
      ['Context', '<forces>'],
      ['Decision', '<what is done>'],
      ['Alternatives', '<alternative>. Rejected: <reason>'],
      ['Consequences', '<what gets better, what gets worse>'],
      ['Affected modules', '<paths>'],
    ],
  },
  '06-conflict.md': {
    title: 'Conflict with the requirements',
    parts: [['What cannot be met', '<requirement, principle it breaks, ways out>']],
  },
  '07-infra-requirements.md': {
    title: 'Infrastructure requirements: <ID>',
    parts: [
      ['New environment keys', '| Key | Default | Purpose |\n|---|---|---|\n| <KEY> | <default> | <purpose> |'],
      ['Required from the operator', '1. <action>'],
      ['Reused settings', '<keys>'],
      ['Topology and deploy', '<changes>'],
    ],
  },
  '08-data-requirements.md': {
    title: 'Data requirements: <ID>',
    parts: [
      ['Schema changes', '<changes>'],
      ['Migration', '<forward, repeatable>'],
      ['Backfill', '<how>'],
      ['Way back', '<how>'],
      ['Volumes', '<rows, sizes>'],
    ],
  },
  '10-tech-risks.md': {
    title: 'Technical risks: <ID>',
    parts: [
      ['R-1 (P1) <title>', 'Description: <what>. Mitigation: <how>. Detection: <how>.'],
      [
        'Questions and decisions',
        '| Q | Question | Decision | Recorded in |\n|---|---|---|---|\n| Q-1 | <question> | <decision> | <file> |',
      ],
    ],
  },
  '12-review.md': {
    title: 'Review <ID>',
    parts: [
      ['Summary', '<what was checked>'],
      ['Requirements', '<AC by AC>'],
      ['ADR', '<kept or violated>'],
      ['Code quality', '<remarks>'],
      [
        'Findings',
        '### P0 — Blocker\n- none\n\n### P1 — Must fix\n- none\n\n### P2 — Should fix\n- none\n\n### P3 — Nice to have\n- none',
      ],
      ['Documentation', '<what was updated>'],
    ],
  },
} as const satisfies Record<string, Outline>;
export type TemplateName = keyof typeof OUTLINES;

/** Frontmatter that a writer starts with; the pipeline adds its own keys. */
const HEADS: Readonly<Partial<Record<TemplateName, string>>> = {
  '12-review.md':
    '---\ntype: review\nwork_item_id: <ID>\nverdict: <APPROVED or REQUEST_CHANGES>\np0: 0\np1: 0\np2: 0\np3: 0\n---\n',
  '01-questions.md': '---\ntype: questions\nwork_item_id: <ID>\n---\n',
  '06-conflict.md': '---\ntype: conflict\nwork_item_id: <ID>\n---\n',
};

/** The skeleton of a document as it stands in `docs/_templates/`. Unedited it is `art.skeleton`. spec: artifacts §11 */
export function renderTemplate(name: TemplateName): string {
  return `${HEADS[name] ?? ''}${renderBody(OUTLINES[name])}`;
}

/** Body of the template that a file of this name starts from, with the item's id filled in; null when it has none. */
export function templateOf(name: string, item: string): string | null {
  const key = name.startsWith('06-adr/') ? '06-adr/ADR-NNN-<slug>.md' : name;
  const outline: Outline | undefined = Object.hasOwn(OUTLINES, key) ? OUTLINES[key as TemplateName] : undefined;
  return outline === undefined ? null : renderBody(outline).replaceAll('<ID>', item);
}

function renderBody(outline: Outline): string {
  return (
    [`# ${outline.title}`, ...outline.parts.map(([heading, hint]) => `## ${heading}\n\n${hint}`)].join('\n\n') + '\n'
  );
}
