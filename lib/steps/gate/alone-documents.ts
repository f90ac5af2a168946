import { workItemFolder } from '../../artifacts/paths.ts';
import { decideAnalysisApproved } from '../../gates/analysis-approved.ts';
import { decideAnalysisComplete } from '../../gates/analysis-complete.ts';
import { decideArchitecture } from '../../gates/architecture.ts';
import { loadAnalysisApprovedFacts } from '../../gates/facts/analysis-approved.ts';
import { loadAnalysisCompleteFacts } from '../../gates/facts/analysis-complete.ts';
import { loadArchitectureFacts } from '../../gates/facts/architecture.ts';
import { read } from '../../gates/fact.ts';
import type { Verdict } from '../../pipeline/verdict.ts';
import type { GateInput } from './inputs.ts';
import type { GatePorts } from './place.ts';
import { findPlace } from './place.ts';

/** The package in any folder of the repository; its last part stands for the work item. */
export async function analysisCompleteAlone(
  ports: GatePorts,
  inputs: GateInput<'analysis-complete'>,
): Promise<Verdict> {
  const subject = await subjectOf(ports, inputs);
  const facts = await loadAnalysisCompleteFacts(ports, subject);
  return named(decideAnalysisComplete(facts, { questions: inputs.questions }), subject);
}

/** Approved by a label of the issue or pull request, as the workflow hands them over. */
export async function analysisApprovedAlone(
  ports: GatePorts,
  inputs: GateInput<'analysis-approved'>,
): Promise<Verdict> {
  const subject = await subjectOf(ports, inputs);
  const facts = await loadAnalysisApprovedFacts(ports, {
    ...subject,
    stage: 'analysis',
    answer: read({ kind: 'none' } as const),
    labels: inputs.labels,
  });
  return named(decideAnalysisApproved(facts, { auto_approve: inputs.label }), subject);
}

/** At least one ADR or 07, and no conflict, in any folder of the repository. */
export async function architectureAlone(ports: GatePorts, inputs: GateInput<'architecture'>): Promise<Verdict> {
  const subject = await subjectOf(ports, inputs);
  return named(decideArchitecture(await loadArchitectureFacts(ports, { ...subject, track: 'full' })), subject);
}

async function subjectOf(ports: GatePorts, inputs: GateInput<'architecture'>) {
  const { commit, base } = await findPlace(ports, inputs);
  return { item: inputs.folder.split('/').at(-1) ?? '', base, commit, branch: '', folder: inputs.folder };
}

/** Texts name the folder that was given. */
function named(verdict: Verdict, { item, folder }: { readonly item: string; readonly folder: string }): Verdict {
  const say = (text: string) => text.replaceAll(workItemFolder(item), folder);
  return { ...verdict, text: say(verdict.text), findings: verdict.findings === null ? null : say(verdict.findings) };
}
