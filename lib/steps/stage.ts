import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactPath } from '../artifacts/paths.ts';
import { renderStagingLog } from '../artifacts/staging-log.ts';
import { errorText } from '../base/errors.ts';
import { askStatus, deployWithHook, preflightWithHook } from '../delivery/hook.ts';
import { deployId } from '../delivery/hook-environment.ts';
import type { Manifest } from '../delivery/manifest.ts';
import { storeFolder } from '../delivery/paths.ts';
import { type StoredArtifact, createDirectoryStore, digestFile } from '../delivery/store.ts';
import { type StagingFault, type StagingTrouble, classifyBuild, classifyStagingHook } from '../delivery/suite-class.ts';
import { type SuiteOutcome, runStagingSuite } from '../delivery/suite.ts';
import type { ItemState } from '../pipeline/state.ts';
import { BUILD_HANDOVER, BuildReport } from './build.ts';
import type { Engine, Session } from './engine.ts';
import { exportHooks, prepareHook } from './hook-call.ts';
import { fetchCode, openRun, type RunInput } from './run-item.ts';
import { candidateOf, commitReport } from './report-commit.ts';
import { createScratch } from './scratch.ts';
import { saveStaging } from './staging-scratch.ts';

/** How staging went, before it is judged. */
export type StagingResult =
  | { readonly kind: 'not-configured' }
  | { readonly kind: 'fault'; readonly fault: StagingFault | StagingTrouble; readonly log: string }
  | { readonly kind: 'suite'; readonly outcome: SuiteOutcome; readonly artifact: StoredArtifact };

/**
 * Puts the artifact on staging and runs main's suite against it, in a job with deploy secrets that executes no branch
 * code; `15-` exists only when the suite ran. Prepares the commit, pushes nothing. spec: D-MOD-6 job stage, D-STG-2
 */
export async function stage(engine: Engine, input: RunInput): Promise<string> {
  const run = await openRun(engine, input);
  if (!run.current) return run.line;
  const { session, item } = run;
  const scratch = createScratch(engine.scratch);
  const head = await fetchCode(engine, item);
  if (head === null || head !== item.head) {
    await scratch.saveCandidate(
      candidateOf(item, 'infra', {
        cause: 'BRANCH_MOVED',
        text: `the branch is at ${head ?? 'nothing'}, recorded is ${item.head ?? 'nothing'}`,
      }),
    );
    return 'the branch moved: the stage runs again on the new head';
  }
  const result = await putOnStaging(session, item);
  await saveStaging(engine.scratch, result);
  const candidate = candidateOf(item);
  if (result.kind !== 'suite') {
    await scratch.saveCandidate(candidate);
    return result.kind === 'fault' ? `${result.fault.code}: ${result.fault.text}` : 'no staging target is configured';
  }
  const { outcome, artifact } = result;
  if (!('status' in outcome)) {
    await saveStaging(engine.scratch, { kind: 'fault', fault: outcome, log: outcome.log });
    await scratch.saveCandidate(candidate);
    return `${outcome.code}: ${outcome.text}`;
  }
  const path = artifactPath(item.id, '15-staging-log.md');
  const text = renderStagingLog({
    stamp: {
      item: item.id,
      round: item.delivery?.pass ?? 1,
      commit: head,
      subject: await engine.code.codeTree(head),
      runId: Number(engine.run),
      writtenBy: 'staging-runner',
      at: engine.clock.now(),
    },
    status: outcome.status,
    digest: artifact.manifest.digest,
    baseUrl: outcome.baseUrl,
    mode: outcome.mode,
    checks: outcome.records,
    failed: outcome.failed,
    waived: outcome.waived,
    strict: outcome.strict,
    exitCode: outcome.exitCode,
    command: `${session.config.deploy.staging.suite} --base-url ${outcome.baseUrl} --mode ${outcome.mode}`,
    environment: [
      `artifact ${artifact.manifest.digest} of commit ${artifact.manifest.commit}`,
      `target ${outcome.baseUrl}`,
    ],
    cleanup: 'The suite cleans up after itself; what it reports stands in its output.',
    meaning: 'The checks above passed against the very artifact that goes to production. Nothing else was tested here.',
    output: outcome.log,
    log: engine.runUrl ?? '',
  });
  await scratch.saveCandidate(
    await commitReport(session, item, candidate, {
      path,
      text,
      role: 'staging-runner',
      round: item.delivery?.pass ?? 1,
    }),
  );
  return `staging: ${outcome.status} (${outcome.checks.passed}/${outcome.checks.total})`;
}

async function putOnStaging(session: Session, item: ItemState): Promise<StagingResult> {
  const { engine, config } = session;
  const transient = (text: string): StagingResult => ({
    kind: 'fault',
    fault: { class: 'transient-infra', code: 'STG_TRANSIENT', text },
    log: '',
  });
  const files = await engine.handover.get(BUILD_HANDOVER);
  if (files === null) return transient('the build job left nothing: it was cancelled or lost');
  const parsed = BuildReport.safeParse(parseJson(files.get('build.json')));
  if (!parsed.success) return transient('what the build job handed over cannot be read');
  const report = parsed.data;
  if (report.kind === 'none' || config.deploy.provider === 'none') return { kind: 'not-configured' };
  if (report.kind === 'failed')
    return {
      kind: 'fault',
      fault: classifyBuild({ ok: false, reason: report.reason, text: report.text, log: report.log }, report.baseBuilds),
      log: report.log,
    };
  const store = createDirectoryStore(storeFolder(config.deploy.root));
  let artifact: StoredArtifact | null;
  try {
    artifact =
      report.kind === 'reuse'
        ? await store.get(report.digest)
        : await takeArtifact(session, item, report, files.get('artifact'));
  } catch (thrown) {
    return transient(`the artifact could not be stored: ${errorText(thrown)}`);
  }
  if (artifact === null) return transient('the artifact of the record is not in the store any more');
  return deployAndTest(session, item, artifact);
}

/** undefined = not JSON. */
function parseJson(content: Buffer | undefined): unknown {
  try {
    return JSON.parse(content?.toString('utf8') ?? 'null');
  } catch {
    return undefined;
  }
}

async function takeArtifact(
  session: Session,
  item: ItemState,
  report: Extract<BuildReport, { kind: 'built' }>,
  content: Buffer | undefined,
): Promise<StoredArtifact> {
  const { engine, config } = session;
  if (content === undefined) throw new TypeError('the build job handed over no artifact file');
  const file = join(engine.scratch, `take-${randomUUID()}`);
  await writeFile(file, content);
  const { kind: _kind, log: _log, ...rest } = report;
  const manifest: Manifest = {
    schema: 1,
    item: item.id,
    kind: 'bundle',
    ...rest,
    digest: await digestFile(file),
    size: content.length,
    run: Number(engine.run),
    created_at: engine.clock.now().toISOString(),
  };
  return createDirectoryStore(storeFolder(config.deploy.root)).put(file, manifest);
}

async function deployAndTest(session: Session, item: ItemState, artifact: StoredArtifact): Promise<StagingResult> {
  const { engine, config } = session;
  const { shell, clock } = engine;
  const pass = item.delivery?.pass ?? 1;
  const folder = await exportHooks(session);
  const hook = await prepareHook(session, folder, {
    item: item.id,
    pass,
    // A re-run clicked in the page keeps the run id, so the start's time tells two starts apart.
    deployId: deployId(item.id, pass, `${engine.run}-${Math.floor(clock.now().getTime() / 1000)}`, 'staging'),
    target: 'staging',
    artifact: {
      ref: artifact.ref,
      digest: artifact.manifest.digest,
      commit: artifact.manifest.commit,
      code_tree: artifact.manifest.code_tree,
    },
  });
  if (!hook.ok) return { kind: 'fault', fault: { class: 'permanent-env', code: 'STG_ENV', text: hook.text }, log: '' };
  const ready = await preflightWithHook(hook.call, { shell, clock });
  if (!ready.ok)
    return {
      kind: 'fault',
      fault: {
        class: ready.permanent ? 'permanent-env' : 'transient-infra',
        code: ready.permanent ? 'STG_ENV' : 'STG_TRANSIENT',
        text: ready.text,
      },
      log: ready.log,
    };
  const deployed = await deployWithHook(hook.call, { shell, clock });
  const trouble = classifyStagingHook(deployed);
  if (trouble !== null) return { kind: 'fault', fault: trouble, log: deployed.log };
  const outcome = await runStagingSuite(
    {
      file: join(folder, config.deploy.staging.suite),
      cwd: folder,
      env: hook.call.env,
      baseUrl: config.deploy.targets.staging?.url ?? '',
      revision: artifact.manifest.commit,
      digest: artifact.manifest.digest,
      nonce: randomUUID(),
      settings: config.deploy.staging,
      secrets: hook.call.secrets,
      graceMs: hook.call.graceMs,
      folder: engine.scratch,
      runningDigest: async () => (await askStatus(hook.call, { shell, clock })).status?.running ?? null,
    },
    shell,
  );
  return { kind: 'suite', outcome, artifact };
}
