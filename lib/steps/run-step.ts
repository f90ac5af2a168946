import { ConfigError } from '../base/errors.ts';
import { GATES, type GateName } from '../pipeline/stages.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import type { Engine } from './engine.ts';
import { openRun } from './run-item.ts';

export interface StepInput {
  readonly item: string;
  readonly token: string;
  readonly round: number;
  readonly attempt: number;
}
export interface StepResult {
  /** One word for machines. */
  readonly result: string;
  readonly line: string;
  readonly verdict: Verdict | null;
}

/**
 * One step of a stage run by its folder under actions/, the same on every engine. Throws ConfigError STEP_UNKNOWN.
 * Each step loads its own program only: reading all of them would double the start of every action.
 */
export async function runStep(step: string, engine: Engine, input: StepInput): Promise<StepResult> {
  const gate = GATES.find((name) => step === `gate-${name}`);
  if (gate !== undefined) return judge(gate, engine, input);
  switch (step) {
    case 'stage-deploy-staging':
      return said(await (await import('./build.ts')).build(engine, input));
    case 'stage-deploy':
      return said(await (await import('./deploy.ts')).deploy(engine, input));
    case 'op-apply':
      return said(await (await import('./apply.ts')).apply(engine, input));
    case 'op-stage':
      return said(await (await import('./stage.ts')).stage(engine, input));
    case 'op-record':
      return said(await (await import('./record.ts')).record(engine, input));
    case 'op-land':
      return landing(engine, input);
    default:
      if (step.startsWith('stage-')) return said(await (await import('./work.ts')).work(engine, input));
      throw new ConfigError(
        'STEP_UNKNOWN',
        `there is no step ${step}: write the workflow files again with "conveyor workflows".`,
      );
  }
}

/** What a step says that has no verdict. */
const said = (line: string): StepResult => ({
  result: line.startsWith('superseded') ? 'superseded' : 'done',
  line,
  verdict: null,
});

async function judge(gate: GateName, engine: Engine, input: StepInput): Promise<StepResult> {
  // Loading goes on while the forge is asked.
  const [{ judgeStep }, run] = await Promise.all([import('./judge-gate.ts'), openRun(engine, input)]);
  if (!run.current) return said(run.line);
  const verdict = await judgeStep(run.session, run.item, gate);
  if (verdict === null)
    return { result: 'skipped', line: `${gate}: nothing to judge, an earlier step ended this run`, verdict };
  return { result: verdict.verdict, line: `${gate}: ${verdict.verdict} · ${verdict.code} · ${verdict.text}`, verdict };
}

async function landing(engine: Engine, input: StepInput): Promise<StepResult> {
  const [{ land }, { createDesk, settleOwed }, { createScratch }, run] = await Promise.all([
    import('./land.ts'),
    import('./feed.ts'),
    import('./scratch.ts'),
    openRun(engine, input),
  ]);
  if (!run.current) {
    await settleOwed(run.session);
    return said(run.line);
  }
  const { session, item } = run;
  // The landing job of deploy-staging has no applier: it starts from what the staging job recorded.
  if (item.stage === 'deploy-staging' && (await createScratch(engine.scratch).loadCandidate()) === null) {
    const { prepareStagingLanding } = await import('./land-staging.ts');
    await prepareStagingLanding(engine, session, item);
  }
  // CI that is no workflow of the forge is judged here; else landing ends in waiting(ci) and the forge's event goes on.
  if (item.stage === 'development' && session.config.ci.mode !== 'required') {
    const { judgeStep } = await import('./judge-gate.ts');
    await judgeStep(session, item, 'ci');
  }
  const { result, line } = await land(createDesk(session), input);
  await settleOwed(session);
  return { result, line, verdict: null };
}
