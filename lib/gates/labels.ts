import type { Fact } from './fact.ts';

/**
 * Whether the configured label is on the issue, without any doubt: labels were read, the name occurs exactly once
 * (case and surrounding blanks do not matter), and a name is configured at all. Any doubt = no. spec: G-ANA-2
 */
export function hasLabel(labels: Fact<readonly string[]>, name: string): boolean {
  const wanted = fold(name);
  if (wanted === '' || labels.kind === 'unreadable') return false;
  return labels.value.filter((label) => fold(label) === wanted).length === 1;
}

const fold = (label: string) => label.trim().toLowerCase();
