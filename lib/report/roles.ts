import type { Stage } from '../pipeline/stages.ts';
import type { MessageKey } from './message.ts';

/** Who speaks for a stage. Names are never translated; deterministic runners speak as the role they replace. spec: H-CMT-1 */
export interface Speaker {
  readonly name: string;
  readonly icon: string;
  readonly text: Extract<MessageKey, `role.${string}`>;
  /** Where its verdict line comes from: label and frontmatter keys, the first set one counts. */
  readonly verdict: { readonly label: 'Verdict' | 'Status'; readonly keys: readonly string[] } | null;
}

const SPEAKERS: Readonly<Partial<Record<Stage, Speaker>>> = {
  analysis: { name: 'Analyst', icon: '🔍', text: 'role.analyst', verdict: null },
  architecture: { name: 'Architect', icon: '📐', text: 'role.architect', verdict: null },
  development: { name: 'Developer', icon: '💻', text: 'role.developer', verdict: null },
  review: { name: 'Reviewer', icon: '🔎', text: 'role.reviewer', verdict: { label: 'Verdict', keys: ['verdict'] } },
  testing: {
    name: 'Tester',
    icon: '🧪',
    text: 'role.tester',
    verdict: { label: 'Verdict', keys: ['result', 'verdict', 'status'] },
  },
  'deploy-staging': {
    name: 'Deployer',
    icon: '🚀',
    text: 'role.deployer.staging',
    verdict: { label: 'Status', keys: ['staging_status'] },
  },
  deploy: {
    name: 'Deployer',
    icon: '🚀',
    text: 'role.deployer.prod',
    verdict: { label: 'Status', keys: ['deploy_status'] },
  },
};

/** Total: a stage without a role of its own speaks under its capitalised name. spec: people §1.1 */
export function speakerOf(stage: Stage): Speaker {
  return (
    SPEAKERS[stage] ?? {
      name: stage.charAt(0).toUpperCase() + stage.slice(1),
      icon: '✅',
      text: 'role.other',
      verdict: null,
    }
  );
}

export interface VerdictLine {
  readonly label: 'Verdict' | 'Status';
  readonly value: string;
}

/** The raw frontmatter value, trimmed, case kept; null when file, key or valid YAML is missing. spec: H-CMT-1 */
export function stageVerdict(stage: Stage, frontmatter: Readonly<Record<string, unknown>> | null): VerdictLine | null {
  const { verdict } = speakerOf(stage);
  if (verdict === null || frontmatter === null) return null;
  for (const key of verdict.keys) {
    const value = frontmatter[key];
    const text =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value).trim() : '';
    if (text !== '') return { label: verdict.label, value: text };
  }
  return null;
}
