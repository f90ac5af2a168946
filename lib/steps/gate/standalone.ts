import { ConfigError } from '../../base/errors.ts';
import { decideEntry } from '../../gates/entry.ts';
import { read } from '../../gates/fact.ts';
import { judgeLoaded } from '../../gates/judge.ts';
import type { GateName } from '../../pipeline/stages.ts';
import type { Verdict } from '../../pipeline/verdict.ts';
import { renderGateSummary } from '../../report/gate-summary.ts';
import { ciAlone, reviewAlone, testsAlone } from './alone-code.ts';
import { deployAlone, landedAlone, stagingAlone } from './alone-delivery.ts';
import { analysisApprovedAlone, analysisCompleteAlone, architectureAlone } from './alone-documents.ts';
import { GateInputs } from './inputs.ts';
import type { GatePorts } from './place.ts';

export interface StandaloneResult {
  readonly verdict: Verdict;
  /** Whether the step is red. */
  readonly failed: boolean;
  /** Markdown for the job summary. */
  readonly summary: string;
  readonly outputs: Readonly<Record<'verdict' | 'code' | 'text' | 'facts', string>>;
}

/** Longer outputs arrive empty in the next job. */
const FACTS_LIMIT = 8000;

/**
 * One gate in anybody's workflow: inputs only, no ledger and no configuration file. A gate that cannot judge is red.
 * Throws ConfigError INPUT_INVALID, GATE_PLACE for inputs a person must correct.
 */
export async function runGateStandalone(
  gate: GateName,
  given: Readonly<Record<string, string | undefined>>,
  ports: GatePorts,
): Promise<StandaloneResult> {
  const { verdict, holdIsFailure } = await judgeAlone(gate, given, ports);
  const facts = JSON.stringify({ ...verdict.subject, ...verdict.facts });
  return {
    verdict,
    failed: verdict.verdict === 'fail' || verdict.verdict === 'error' || (verdict.verdict === 'hold' && holdIsFailure),
    summary: renderGateSummary({ verdict, evidence: ports.runUrl, ...nextAlone(verdict) }),
    outputs: {
      verdict: verdict.verdict,
      code: verdict.code,
      text: verdict.text,
      facts: facts.length <= FACTS_LIMIT ? facts : JSON.stringify({ truncated: facts.length }),
    },
  };
}

type Judged = { readonly verdict: Verdict; readonly holdIsFailure: boolean };

async function judgeAlone(
  gate: GateName,
  given: Readonly<Record<string, string | undefined>>,
  ports: GatePorts,
): Promise<Judged> {
  const parse = <Name extends GateName>(name: Name) => parseInputs(name, given);
  const judged = async (
    inputs: { readonly 'hold-is-failure': boolean },
    judge: () => Promise<Verdict>,
  ): Promise<Judged> => ({
    verdict: await judgeKeepingAdvice(gate, judge),
    holdIsFailure: inputs['hold-is-failure'],
  });
  switch (gate) {
    case 'entry': {
      const inputs = parse('entry');
      const limits = {
        title_min: inputs['title-min'],
        title_max: inputs['title-max'],
        description_min: inputs['description-min'],
      };
      return judged(inputs, async () =>
        decideEntry(read({ title: inputs.title, description: inputs.description }), limits),
      );
    }
    case 'analysis-complete': {
      const inputs = parse(gate);
      return judged(inputs, () => analysisCompleteAlone(ports, inputs));
    }
    case 'analysis-approved': {
      const inputs = parse(gate);
      return judged(inputs, () => analysisApprovedAlone(ports, inputs));
    }
    case 'architecture': {
      const inputs = parse(gate);
      return judged(inputs, () => architectureAlone(ports, inputs));
    }
    case 'ci': {
      const inputs = parse(gate);
      return judged(inputs, () => ciAlone(ports, inputs));
    }
    case 'review': {
      const inputs = parse(gate);
      return judged(inputs, () => reviewAlone(ports, inputs));
    }
    case 'tests': {
      const inputs = parse(gate);
      return judged(inputs, () => testsAlone(ports, inputs));
    }
    case 'staging': {
      const inputs = parse(gate);
      return judged(inputs, () => stagingAlone(ports, inputs));
    }
    case 'deploy': {
      const inputs = parse(gate);
      return judged(inputs, () => deployAlone(ports, inputs));
    }
    case 'landed': {
      const inputs = parse(gate);
      return judged(inputs, () => landedAlone(ports, inputs));
    }
  }
}

/** A person's mistake is not a verdict: it is thrown on with its advice. Everything else that breaks is `<GATE>_INTERNAL`. */
async function judgeKeepingAdvice(gate: GateName, judge: () => Promise<Verdict>): Promise<Verdict> {
  let advice: ConfigError | null = null;
  const verdict = await judgeLoaded(gate, async () => {
    try {
      return await judge();
    } catch (thrown) {
      if (thrown instanceof ConfigError) advice = thrown;
      throw thrown;
    }
  });
  if (advice !== null) throw advice;
  return verdict;
}

function parseInputs<Gate extends GateName>(gate: Gate, given: Readonly<Record<string, string | undefined>>) {
  const schema = GateInputs[gate];
  const values = Object.fromEntries(
    Object.keys(schema.shape).map((name) => [name, given[name] === '' ? undefined : given[name]]),
  );
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data as ReturnType<(typeof GateInputs)[Gate]['parse']>;
  const faults = parsed.error.issues.map((issue) => {
    const name = issue.path.join('.');
    return values[name] === undefined ? `input ${name} is missing` : `input ${name} ${issue.message}`;
  });
  throw new ConfigError(
    'INPUT_INVALID',
    `gate-${gate}: ${faults.join('; ')}. Give it under "with:"; docs/gates/${gate}.md lists the inputs.`,
  );
}

/** Nobody relaunches anything outside the pipeline: the author acts, and for infrastructure whoever runs it. */
function nextAlone(verdict: Verdict): { readonly next: string; readonly who: 'author' | 'operator' } {
  switch (verdict.verdict) {
    case 'pass':
      return { next: 'nothing', who: 'author' };
    case 'fail':
      return { next: 'correct what the cause names and push again', who: 'author' };
    case 'hold':
      return {
        next: 'when what it waits for has happened, run this job again',
        who: verdict.class === 'human' ? 'author' : 'operator',
      };
    case 'error':
      return { next: 'remove the cause and run this job again; nothing was judged', who: 'operator' };
  }
}
