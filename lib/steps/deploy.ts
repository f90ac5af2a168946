import { artifactPath } from '../artifacts/paths.ts';
import { renderDeployLog } from '../artifacts/deploy-log.ts';
import { errorText } from '../base/errors.ts';
import { type HookCall, deployWithHook, pollStatus, preflightWithHook } from '../delivery/hook.ts';
import { deployId } from '../delivery/hook-environment.ts';
import type { HookOutcome } from '../delivery/hook-outcome.ts';
import { storeFolder } from '../delivery/paths.ts';
import { type StoredArtifact, createDirectoryStore } from '../delivery/store.ts';
import type { Delivery, ItemState } from '../pipeline/state.ts';
import { type Verdict, error, hold } from '../pipeline/verdict.ts';
import type { Engine, Session } from './engine.ts';
import { type Desk, createDesk } from './feed.ts';
import { ensurePullRequest } from './forge-effects.ts';
import { exportHooks, prepareHook } from './hook-call.ts';
import { recordDelivery } from './record-delivery.ts';
import { candidateOf, commitReport } from './report-commit.ts';
import { fetchCode, openRun, type RunInput } from './run-item.ts';
import { createScratch } from './scratch.ts';

/**
 * The deploy run, by the phase that the ledger says: approved → preflight, `initiated`, hook, `deployed` (a further run
 * goes on); initiated whose run died → the target is asked first; deployed and landing → the log `14-` for the gates.
 * Executes main's hook and no branch code. spec: delivery §6, §8
 */
export async function deploy(engine: Engine, input: RunInput): Promise<string> {
  const run = await openRun(engine, input);
  if (!run.current) return run.line;
  const { session, item } = run;
  const desk = createDesk(session);
  const phase = item.delivery?.phase;
  if (item.delivery === null || phase === undefined) return 'the item has no delivery record';
  const head = await fetchCode(engine, item);
  if (phase === 'approved') return start(desk, item, input.token, head);
  if (phase === 'initiated') return resume(desk, item, input.token);
  if (phase === 'deployed' || phase === 'landing') return finalize(session, item);
  return `nothing to do in phase ${phase}`;
}

/** Leaves one verdict that ends the run without touching production. */
async function stop(session: Session, item: ItemState, verdict: Verdict): Promise<string> {
  const scratch = createScratch(session.engine.scratch);
  await scratch.saveCandidate(candidateOf(item));
  await scratch.saveVerdict(verdict);
  return `${verdict.code}: ${verdict.text}`;
}

const notStarted = (text: string, permanent: boolean): Verdict =>
  permanent
    ? hold({ gate: 'deploy', code: 'DEPLOY_NOT_STARTED', class: 'infra', text })
    : error({ gate: 'deploy', code: 'DEPLOY_NOT_STARTED', text });

/** Everything that must hold before production is touched. spec: D-B-4 */
async function start(desk: Desk, item: ItemState, token: string, head: string | null): Promise<string> {
  const { session } = desk;
  const { engine, config, view } = session;
  const { delivery } = item;
  const validated = delivery?.validated ?? null;
  if (delivery === null || validated === null)
    return stop(session, item, notStarted('the delivery record names no candidate', true));
  const guard = (text: string) => stop(session, item, error({ gate: 'deploy', code: 'DEPLOY_GUARD', text }));
  if (view.snapshot.repo.slot?.item !== item.id) return guard('the merge slot is not held by this item');
  if (view.main !== validated.base)
    return guard(
      `main moved from ${validated.base.slice(0, 8)} to ${view.main.slice(0, 8)} since the candidate was validated`,
    );
  if (head === null || head !== item.head)
    return guard(
      `the branch is at ${head?.slice(0, 8) ?? 'nothing'}, recorded is ${item.head?.slice(0, 8) ?? 'nothing'}`,
    );
  if ((await engine.code.codeTree(head)) !== validated.code_tree)
    return guard('the branch carries other code than the validated candidate');
  try {
    await ensurePullRequest(session, item);
  } catch (thrown) {
    return stop(session, item, notStarted(`the pull request cannot be opened: ${errorText(thrown)}`, false));
  }
  if (config.deploy.provider === 'none') return withoutDeploy(desk, item, token, delivery);
  const artifact = await loadArtifact(session, delivery);
  if (typeof artifact === 'string') return guard(artifact);
  const hook = await prepare(session, item, artifact, delivery.attempts.length + 1);
  if (!hook.ok) return stop(session, item, notStarted(hook.text, true));
  const ready = await preflightWithHook(hook.call, engine);
  if (!ready.ok) return stop(session, item, notStarted(ready.text, ready.permanent));
  const attempt = {
    id: hook.call.deployId,
    run: engine.run,
    state: 'running',
    exit: null,
    previous: null,
    log: '',
    started_at: engine.clock.now().toISOString(),
    finished_at: null,
  };
  const initiated = await recordDelivery(desk, item, token, {
    from: 'approved',
    delivery: { ...delivery, phase: 'initiated', attempts: [...delivery.attempts, attempt] },
    more: true,
  });
  if (initiated === null) return 'superseded before the deployment began: nothing was started';
  return runHook(desk, initiated, token, hook.call);
}

async function loadArtifact(session: Session, delivery: Delivery): Promise<StoredArtifact | string> {
  try {
    const digest = delivery.request?.digest ?? '';
    if (delivery.artifact?.digest !== digest)
      return `the request names ${digest}, the record ${delivery.artifact?.digest ?? 'nothing'}`;
    return (
      (await createDirectoryStore(storeFolder(session.config.deploy.root)).get(digest)) ??
      `artifact ${digest} is not in the store`
    );
  } catch (thrown) {
    return errorText(thrown);
  }
}

async function prepare(session: Session, item: ItemState, artifact: StoredArtifact, attempt: number) {
  const pass = item.delivery?.pass ?? 1;
  const { manifest } = artifact;
  return prepareHook(session, await exportHooks(session), {
    item: item.id,
    pass,
    deployId: deployId(item.id, pass, attempt, 'production'),
    target: 'production',
    artifact: { ref: artifact.ref, digest: manifest.digest, commit: manifest.commit, code_tree: manifest.code_tree },
  });
}

async function runHook(desk: Desk, item: ItemState, token: string, call: HookCall): Promise<string> {
  return recordOutcome(desk, item, token, await deployWithHook(call, desk.session.engine));
}

/** What the hook or the target said, as the next phase. spec: delivery §3 exits */
async function recordOutcome(desk: Desk, item: ItemState, token: string, outcome: HookOutcome): Promise<string> {
  const { engine } = desk.session;
  const { delivery } = item;
  if (delivery === null) return 'the item has no delivery record';
  const last = delivery.attempts.at(-1);
  if (last === undefined) return 'no attempt is recorded';
  const exit =
    outcome.state === 'ok'
      ? 0
      : outcome.state === 'rolled-back'
        ? 1
        : outcome.state === 'rollback-failed'
          ? 2
          : outcome.exit;
  const attempt = {
    ...last,
    state: outcome.state,
    exit,
    previous: outcome.previous,
    log: outcome.log.slice(-20_000),
    finished_at: engine.clock.now().toISOString(),
  };
  const ended = outcome.state === 'ok' || outcome.state === 'rolled-back' || outcome.state === 'rollback-failed';
  const undone = outcome.state === 'refused' || outcome.state === 'interrupted';
  const phase: Delivery['phase'] = ended ? 'deployed' : undone ? 'approved' : 'initiated';
  const state = ended || undone ? attempt : { ...attempt, state: 'unknown', finished_at: null };
  const recorded = await recordDelivery(desk, item, token, {
    from: 'initiated',
    delivery: { ...delivery, phase, attempts: [...delivery.attempts.slice(0, -1), state] },
    handOver: ended,
  });
  if (recorded === null) return 'this run was superseded while the hook worked: the finalizer asks the target';
  if (ended)
    await createScratch(engine.scratch).saveHandedOver('done: the deployment is recorded, the next run judges it');
  return `hook: ${outcome.text}`;
}

/** The run that started the hook died: the target itself says what became of it. spec: D-K7, D-K8, D-HK-4 */
async function resume(desk: Desk, item: ItemState, token: string): Promise<string> {
  const { session } = desk;
  const { delivery } = item;
  const last = delivery?.attempts.at(-1);
  if (delivery === null || last === undefined) return 'no attempt is recorded';
  const artifact = await loadArtifact(session, delivery);
  if (typeof artifact === 'string')
    return stop(session, item, hold({ gate: 'deploy', code: 'DEPLOY_UNKNOWN', class: 'infra', text: artifact }));
  const hook = await prepare(session, item, artifact, delivery.attempts.length);
  if (!hook.ok)
    return stop(session, item, hold({ gate: 'deploy', code: 'DEPLOY_UNKNOWN', class: 'infra', text: hook.text }));
  const asked = await pollStatus(hook.call, session.engine, 'the run that started the deployment was lost');
  if (asked.state === 'unknown' && asked.sameIdAllowed) return runHook(desk, item, token, hook.call);
  return recordOutcome(desk, item, token, {
    ...asked,
    exit: null,
    permanent: false,
    log: asked.text,
    events: [],
    warnings: [],
  });
}

/** Provider none: the confirmed candidate goes straight to landing; the log says that nothing was deployed. */
async function withoutDeploy(desk: Desk, item: ItemState, token: string, delivery: Delivery): Promise<string> {
  const initiated = await recordDelivery(desk, item, token, {
    from: 'approved',
    delivery: { ...delivery, phase: 'initiated' },
    more: true,
  });
  if (initiated === null) return 'superseded: nothing was started';
  const deployed = await recordDelivery(desk, initiated, token, {
    from: 'initiated',
    delivery: { ...delivery, phase: 'deployed' },
    more: true,
  });
  return deployed === null ? 'superseded' : finalize(desk.session, deployed);
}

/** The log `14-` on the recorded head, once per pass; the gates of this job judge it. spec: D-C-1 */
async function finalize(session: Session, item: ItemState): Promise<string> {
  const { engine, config } = session;
  const scratch = createScratch(engine.scratch);
  const { delivery } = item;
  const path = artifactPath(item.id, '14-deploy-log.md');
  const candidate = candidateOf(item);
  if (delivery === null || delivery.validated === null) return 'the delivery record names no candidate';
  if (delivery.phase === 'landing' && item.reports[path] !== undefined) {
    await scratch.saveCandidate(candidate);
    return 'the deploy log is written: the landing goes on';
  }
  const last = delivery.attempts.at(-1) ?? null;
  const none = config.deploy.provider === 'none';
  const failed = !none && last?.state !== 'ok';
  const text = renderDeployLog({
    stamp: {
      item: item.id,
      round: delivery.pass,
      commit: delivery.validated.sha,
      subject: delivery.validated.code_tree,
      runId: Number(engine.run),
      writtenBy: 'deploy-finalizer',
      at: engine.clock.now(),
    },
    status: none ? 'NOT_APPLICABLE' : failed ? 'FAILED' : 'SUCCESS',
    mode: none ? 'none' : 'command',
    base: delivery.validated.base,
    ...(none || last === null
      ? {}
      : {
          digest: delivery.request?.digest ?? '',
          deployId: last.id,
          exitCode: (last.exit ?? 2) as 0 | 1 | 2,
          ...(last.previous === null ? {} : { previousDigest: last.previous }),
          targetUrl: config.deploy.targets.production?.url ?? '',
        }),
    ...(delivery.approved === null
      ? {}
      : { approved: { by: delivery.approved.by, via: delivery.approved.via, at: delivery.approved.at } }),
    conclusion: none
      ? 'Nothing is deployed by this repository.'
      : failed
        ? `The hook ended as ${last?.state ?? 'unknown'}.`
        : 'The validated artifact serves and is healthy.',
    preconditions: [{ artifact: '15-staging-log.md', key: 'digest', value: delivery.artifact?.digest ?? '–' }],
    deployed: none || failed ? [] : [`${delivery.request?.digest ?? ''} of commit ${delivery.validated.sha}`],
    healthText: failed ? 'Not healthy.' : none ? 'Not asked.' : 'Confirmed by the hook from the running version.',
    rollback: none
      ? 'Revert the merge.'
      : 'conveyor-control: reject before landing; afterwards deploy the previous digest with the hook.',
    output: last?.log ?? '',
    log: engine.runUrl ?? '',
  });
  await scratch.saveCandidate(
    await commitReport(session, item, candidate, { path, text, role: 'deploy-finalizer', round: delivery.pass }),
  );
  return `deploy log: ${none ? 'NOT_APPLICABLE' : failed ? 'FAILED' : 'SUCCESS'}`;
}
