import { readArchitecture } from '../artifacts/adr.ts';
import { conflictActive } from '../artifacts/package.ts';
import type { BranchFiles } from '../artifacts/package.ts';
import type { Track } from '../pipeline/stages.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { CodeRow } from './code-table.ts';
import { internalRow, issuer } from './code-table.ts';
import type { Fact } from './fact.ts';
import { judge } from './judge.ts';

export const codes = [
  {
    code: 'ARCH_DONE',
    verdict: 'pass',
    action: 'none',
    class: null,
    rule: 'G-ARC-2',
    when: 'at least one valid ADR or `07-infra-requirements.md`',
  },
  { code: 'N_A', verdict: 'pass', action: 'none', class: null, rule: 'G-ARC', when: 'the item is on the bug track' },
  {
    code: 'ARCH_CONFLICT',
    verdict: 'fail',
    action: 'dev',
    class: 'agent',
    rule: 'G-ARC-1',
    when: '`06-conflict.md` is active: back to analysis with its text, no developer retry',
  },
  {
    code: 'ARCH_EMPTY',
    verdict: 'error',
    action: 'rerun',
    class: 'agent',
    rule: 'G-ARC-3',
    when: 'neither an ADR nor 07 nor a conflict',
  },
  internalRow('ARCHITECTURE_INTERNAL'),
] as const satisfies readonly CodeRow[];

export interface ArchitectureFacts {
  readonly track: Track;
  readonly branch: Fact<BranchFiles>;
  /** Blob ids of those files by path. */
  readonly blobs: ReadonlyMap<string, string>;
}

const say = issuer('architecture', codes);

/** What the architect left: an active conflict wins, then an ADR or 07. Total, never throws. spec: G-ARC-1…3 */
export function decideArchitecture(facts: ArchitectureFacts): Verdict {
  return judge('architecture', () => {
    if (facts.track === 'bug') return say('N_A', { text: 'the bug track has no architecture stage' });
    if (facts.branch.kind === 'unreadable')
      return say('ARCHITECTURE_INTERNAL', {
        text: `the branch could not be read: ${facts.branch.detail}; judged again later`,
      });
    const branch = facts.branch.value;
    const conflict = conflictActive(branch);
    if (conflict.active)
      return say('ARCH_CONFLICT', {
        text: `the architect reports a conflict with the requirements (${conflict.why})`,
        findings: conflict.text,
      });
    const found = readArchitecture(branch.files, branch.item);
    const documents = [...found.adrs.keys(), ...(found.infra ? ['07-infra-requirements.md'] : [])].map(
      (path) => path.split('/').at(-1) ?? path,
    );
    const faults = found.faults.map((fault) => `- ${fault.path}: ${fault.text} (${fault.code})`);
    if (documents.length > 0)
      return say('ARCH_DONE', {
        text: `written: ${documents.join(', ')}`,
        facts: { documents, warnings: faults.slice(0, 20) },
        subject: Object.fromEntries(
          [...found.adrs.keys()].map((path) => [path.split('/').at(-1) ?? path, facts.blobs.get(path) ?? '']),
        ),
      });
    return say('ARCH_EMPTY', {
      text: `no valid ADR and no 07-infra-requirements.md${faults.length === 0 ? '' : `: ${found.faults[0]?.text ?? ''}`}`,
      detail: found.faults[0]?.code ?? 'art.no_output',
      findings: faults.length === 0 ? null : faults.join('\n'),
    });
  });
}
