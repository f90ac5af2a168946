import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fragmentPath } from '../artifacts/paths.ts';
import { errorText } from '../base/errors.ts';
import type { OutcomeClass } from '../pipeline/outcome.ts';
import type { ItemState } from '../pipeline/state.ts';
import { type Role, stageRow } from '../pipeline/stages.ts';
import type { AgentOutcome } from '../ports/agent.ts';
import type { Engine, Session } from './engine.ts';
import { branchEnvironment, fetchCode, openRun, type RunInput } from './run-item.ts';
import { judgeHandedOver } from './judge-handed-over.ts';
import { TEST_EVIDENCE, runTestCommand, runTests } from './testing.ts';
import { watchToken } from './watch-token.ts';
import { type BriefFacts, renderBrief } from './work/brief.ts';
import { loadBriefFacts } from './work/brief-facts.ts';
import type { ChangeEntry } from './work/change-entry.ts';
import { collectChanges } from './work/collect.ts';
import { resolveLaunch } from './work/launch.ts';
import { packChanges } from './work/pack.ts';
import { parseOverride } from './work/prompt-override.ts';
import { renderSystemPrompt } from './work/prompt.ts';
import { loadPromptSources } from './work/prompts-source.ts';
import { WORK_HANDOVER, type WorkReport, writeReport } from './work-report.ts';

/** Least time that a repair run gets; with less left the first answer stands. Seconds. spec: AG-TIME-2 */
const LEAST_REPAIR_S = 120;

/**
 * The work job of an agent stage or of testing: checks the token, exports the recorded head, lets the worker work under
 * its time limit, judges the change with the applier's own rules and hands everything over. Holds a read-only token and
 * writes nothing to the forge. spec: agents §1, PL-K-2, G-2 of design §1
 */
export async function work(engine: Engine, input: RunInput & { readonly attempt: number }): Promise<string> {
  const runs = engine.forge.findRuns(input.token);
  // A run that is not wanted any more does not care who else is at work.
  runs.catch(() => {});
  const run = await openRun(engine, input);
  if (!run.current) return run.line;
  const { session, item } = run;
  const elder = (await runs).find(
    (other) =>
      String(other.id) !== engine.run &&
      other.id < Number(engine.run) &&
      (other.state === 'queued' || other.state === 'running'),
  );
  if (elder !== undefined) {
    const text = `superseded: run ${elder.id} with the same token is at work on ${item.id}`;
    // The token is still the item's: without a word the landing job would take the silence for a crash of its worker.
    await engine.handover.put(WORK_HANDOVER, writeReport({ kind: 'stood-down', text }, null));
    return text;
  }
  const head = await fetchCode(engine, item);
  if (head === null || head !== item.head) {
    const text =
      head === null
        ? `branch ${item.branch ?? ''} is gone`
        : `the branch is at ${head.slice(0, 8)}, recorded is ${item.head?.slice(0, 8) ?? 'nothing'}`;
    await engine.handover.put(
      WORK_HANDOVER,
      writeReport(
        {
          kind: 'outcome',
          class: 'infra',
          cause: 'BRANCH_MOVED',
          text,
          seconds: 0,
          usage: null,
          costUsd: null,
          agent: null,
        },
        null,
      ),
    );
    return text;
  }
  const { worker } = stageRow(item.stage);
  const files =
    worker === 'test-runner'
      ? await runTests(session, item, head)
      : await agentStage(session, item, worker as Role, head, input.attempt);
  await engine.handover.put(WORK_HANDOVER, files.files);
  return files.line;
}

/** Classes of a first run that a second one of the same job may put right. spec: agents §7 */
const REPAIRABLE: readonly OutcomeClass[] = ['scope', 'invalid', 'no-change'];

type OutcomeReport = Extract<WorkReport, { kind: 'outcome' }>;

interface WorkFiles {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly line: string;
}

async function agentStage(
  session: Session,
  item: ItemState,
  role: Role,
  head: string,
  attempt: number,
): Promise<WorkFiles> {
  const { engine, config } = session;
  const agent = await engine.createAgent(config, join(await exportScenario(session), '.conveyor', 'scenario.yml'));
  const ready = await agent.preflight();
  if (!ready.ok)
    return {
      files: writeReport({ kind: 'preflight', cause: ready.cause, text: ready.text }, null),
      line: `preflight: ${ready.cause}: ${ready.text}`,
    };

  const sources = loadPromptSources(engine.agentsFolder);
  const launch = resolveLaunch(config.agents, role, sources.roles[role]);
  const { env, home, tmp, workdir } = await branchEnvironment(session, item.id, role, config.agents.command?.env ?? []);
  const out = join(engine.scratch, 'out');
  await mkdir(out, { recursive: true });
  const systemPromptFile = join(out, 'system.md');
  await writeFile(systemPromptFile, await systemPrompt(session, item, role, head, launch.timeoutS, sources));
  await using watch = watchToken(session, item);

  let previous: BriefFacts['previous'] = item.lastRun;
  let refused: string | null = null;
  let left = launch.timeoutS;
  let total = 0;
  for (const repair of [0, 1] as const) {
    await rm(workdir, { recursive: true, force: true });
    await engine.code.exportRepository(head, workdir, {
      [item.branch ?? 'work']: head,
      [engine.mainBranch]: session.view.main,
    });
    const promptFile = join(out, repair === 0 ? 'brief.md' : 'brief-repair.md');
    await writeFile(
      promptFile,
      renderBrief(sources.roles[role], await loadBriefFacts(session, item, { role, head, attempt, previous, refused })),
    );
    const outcome = await agent.run(
      {
        runId: engine.run,
        item: item.id,
        role,
        stage: item.stage,
        round: item.rounds[item.stage] ?? 1,
        attempt,
        repair,
        workdir,
        home,
        tmp,
        out,
        systemPromptFile,
        promptFile,
        model: launch.model,
        effort: launch.effort,
        timeoutS: left,
        graceS: config.process.kill_grace_s,
        env,
      },
      watch.signal,
    );
    total += outcome.durationS;
    left -= outcome.durationS;
    const changes =
      outcome.class === 'ok'
        ? await collectChanges({
            git: engine.code,
            shell: engine.shell,
            env: { PATH: env['PATH'] ?? '' },
            baseCommit: head,
            folder: workdir,
          })
        : [];
    const judged = await judgeWork(session, item, role, head, outcome, changes);
    if (REPAIRABLE.includes(judged.report.class) && repair === 0 && left >= LEAST_REPAIR_S && role !== 'developer') {
      previous = { class: judged.report.class, seconds: outcome.durationS };
      refused = `The change was refused before it left the work folder:\n${judged.report.text}`;
      continue;
    }
    const report = { ...judged.report, seconds: Math.round(total * 100) / 100 };
    const extra =
      report.class === 'ok' && role === 'developer' && config.ci.mode === 'local'
        ? await localCi(session, workdir, env)
        : new Map<string, Buffer>();
    const transcript = await readFile(outcome.transcript).catch(() => null);
    const files = new Map([
      ...writeReport(report, transcript),
      ...(report.class === 'ok' ? packChanges(judged.changes, head) : []),
      ...extra,
    ]);
    return { files, line: `${role}: ${report.class} ${report.text}` };
  }
  throw new TypeError('the repair loop ended without an answer');
}

/** Class of the run after its files were looked at: an agent's exit code is never a verdict. spec: AG-PORT-5, agents §7 */
async function judgeWork(
  session: Session,
  item: ItemState,
  role: Role,
  head: string,
  outcome: AgentOutcome,
  changes: readonly ChangeEntry[],
): Promise<{ report: OutcomeReport; changes: readonly ChangeEntry[] }> {
  const say = (cls: AgentOutcome['class'], cause: string | null, text: string): OutcomeReport => ({
    kind: 'outcome',
    class: cls,
    cause,
    text: session.engine.redact(text).slice(0, 4000),
    seconds: outcome.durationS,
    usage: outcome.usage,
    costUsd: outcome.costUsd,
    agent: outcome.modelUsed,
  });
  if (outcome.class !== 'ok') return { report: say(outcome.class, outcome.cause, outcome.text), changes: [] };
  const refused = await judgeHandedOver(session, item, role, head, changes);
  if (refused === null) return { report: say('ok', null, outcome.text), changes };
  return { report: say(refused.class, refused.cause, refused.text), changes: [] };
}

/** CI mode local: the tests run on the agent's very tree, in this read-only job. spec: G-CI-9 */
async function localCi(
  session: Session,
  workdir: string,
  env: Readonly<Record<string, string>>,
): Promise<Map<string, Buffer>> {
  const evidence = await runTestCommand(session, workdir, env, session.config.ci.local_timeout_s, []);
  return new Map([[TEST_EVIDENCE, Buffer.from(JSON.stringify(evidence))]]);
}

/** The scripted agent's scenario, and nothing else, comes from main. */
async function exportScenario(session: Session): Promise<string> {
  const folder = join(session.engine.scratch, 'base');
  await mkdir(folder, { recursive: true });
  await session.engine.git
    .exportTree(`${session.configCommit}:.conveyor`, join(folder, '.conveyor'))
    .catch((thrown: unknown) => session.engine.log.debug(errorText(thrown)));
  return folder;
}

async function systemPrompt(
  session: Session,
  item: ItemState,
  role: Role,
  head: string,
  timeoutS: number,
  sources: ReturnType<typeof loadPromptSources>,
): Promise<string> {
  const { engine, config, view } = session;
  const overridePath = `.conveyor/agents/${role}.md`;
  const files = await engine.git.readFiles(view.main, ['CLAUDE.md', overridePath]);
  const { override, warnings } = parseOverride(files.get(overridePath) ?? null, overridePath);
  for (const warning of warnings) engine.log.warn(warning);
  return renderSystemPrompt(sources, {
    role,
    item: item.id,
    stage: item.stage,
    round: item.rounds[item.stage] ?? 1,
    timeoutS,
    language: config.artifacts.language,
    fragment: fragmentPath(item.id, config.docs.fragment_dir),
    base: (item.base ?? head).slice(0, 8),
    head: head.slice(0, 8),
    allow: config.scopes[role]?.allow ?? [],
    deny: config.scopes[role]?.deny ?? [],
    override,
    passport: files.get('CLAUDE.md')?.toString('utf8') ?? null,
  });
}
