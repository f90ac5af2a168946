import { decideAnalysisApproved } from '../gates/analysis-approved.ts';
import { decideAnalysisComplete } from '../gates/analysis-complete.ts';
import { decideArchitecture } from '../gates/architecture.ts';
import { type CiFacts, decideCi } from '../gates/ci.ts';
import { decideDeploy } from '../gates/deploy.ts';
import { loadAnalysisApprovedFacts } from '../gates/facts/analysis-approved.ts';
import { loadAnalysisCompleteFacts } from '../gates/facts/analysis-complete.ts';
import { loadArchitectureFacts } from '../gates/facts/architecture.ts';
import { loadDeployFacts } from '../gates/facts/deploy.ts';
import { loadReviewFacts } from '../gates/facts/review.ts';
import { loadStagingFacts } from '../gates/facts/staging.ts';
import { loadTestsFacts } from '../gates/facts/tests.ts';
import { judgeLoaded } from '../gates/judge.ts';
import { packageHash } from '../gates/package-hash.ts';
import { decideReview } from '../gates/review.ts';
import { type StagingRun, decideStaging } from '../gates/staging.ts';
import { decideTests } from '../gates/tests.ts';
import { artifactPath } from '../artifacts/paths.ts';
import type { GateName } from '../pipeline/stages.ts';
import type { ItemState } from '../pipeline/state.ts';
import type { Verdict } from '../pipeline/verdict.ts';
import { readEvidence } from './apply.ts';
import type { Session } from './engine.ts';
import { createDesk } from './feed.ts';
import { judgeLanding } from './landing.ts';
import type { Candidate } from './scratch.ts';
import { createScratch } from './scratch.ts';
import { loadStaging } from './staging-scratch.ts';
import type { TestEvidence } from './testing.ts';
import { WORK_HANDOVER } from './work-report.ts';

export interface Judged {
  /** In the order in which they were judged; the last one is the gate's own. */
  readonly verdicts: readonly Verdict[];
  readonly candidate: Candidate;
}

/** Judges one gate of a landing job on the candidate commit: facts from commit objects, configuration from main. spec: G-GEN-9 */
export async function judgeGate(
  session: Session,
  item: ItemState,
  candidate: Candidate,
  gate: GateName,
): Promise<Judged> {
  const { engine, config, view } = session;
  const git = engine.code;
  const subject = { item: item.id, base: view.main, commit: candidate.commit, branch: candidate.branch };
  const recorded = (name: string) =>
    candidate.reports[artifactPath(item.id, name)] ?? item.reports[artifactPath(item.id, name)]?.blob ?? null;
  const one = async (judge: () => Promise<Verdict>): Promise<Judged> => ({
    verdicts: [await judgeLoaded(gate, judge)],
    candidate,
  });
  switch (gate) {
    case 'analysis-complete':
      return judgeAnalysis(session, item, candidate, subject);
    case 'ci':
      return one(async () =>
        decideCi(localCiFacts(session, candidate, readEvidence(await engine.handover.get(WORK_HANDOVER))), config.ci),
      );
    case 'architecture':
      return one(async () =>
        decideArchitecture(await loadArchitectureFacts({ git }, { ...subject, track: item.track })),
      );
    case 'review':
      return one(async () =>
        decideReview(
          await loadReviewFacts(
            { git },
            {
              ...subject,
              trust: { kind: 'recorded', blob: recorded('12-review.md') },
              round: item.rounds.review ?? null,
            },
            config.docs,
          ),
          { docs: config.docs },
        ),
      );
    case 'tests':
      return one(async () => {
        const outcome = readEvidence(await engine.handover.get(WORK_HANDOVER))?.outcome ?? null;
        return decideTests(
          await loadTestsFacts(
            { git },
            {
              ...subject,
              outcome,
              trust: { kind: 'recorded', blob: recorded('13-test-report.md') },
              round: item.rounds.testing ?? null,
            },
          ),
        );
      });
    case 'staging':
      return one(async () => {
        const staging = await loadStaging(engine.scratch);
        return decideStaging(
          await loadStagingFacts(
            { git },
            {
              ...subject,
              repository: engine.repository,
              configured: staging?.kind !== 'not-configured',
              run: stagingRun(staging),
              expected: {
                pass: item.delivery?.pass ?? 0,
                digest: staging?.kind === 'suite' ? staging.artifact.manifest.digest : '',
                codeTree: await git.codeTree(candidate.commit),
              },
              recorded: recorded('15-staging-log.md'),
            },
          ),
        );
      });
    case 'deploy':
      return one(async () =>
        decideDeploy(
          await loadDeployFacts(
            { git, clock: engine.clock },
            { ...subject, ...deploySubject(item, recorded('14-deploy-log.md'), config.deploy.provider) },
          ),
          { provider: config.deploy.provider },
        ),
      );
    case 'landed':
      return judgeLanding(session, item, candidate);
    default:
      throw new TypeError(`gate ${gate} has no step in a landing job`);
  }
}

/** CI modes `local` and `none`: nothing is read from the forge. spec: G-CI-9 */
function localCiFacts({ engine }: Session, candidate: Candidate, evidence: TestEvidence | null): CiFacts {
  const now = engine.clock.now().toISOString();
  return {
    sha: candidate.commit,
    reading:
      evidence === null
        ? { kind: 'unreadable', detail: 'the work job left no result of the test command' }
        : { kind: 'read', value: { kind: 'command', run: evidence.run } },
    protection: { kind: 'read', value: [] },
    pushedAt: now,
    changedAt: now,
    now,
    passInForce: false,
    ownRun: null,
  };
}

async function judgeAnalysis(
  session: Session,
  item: ItemState,
  candidate: Candidate,
  subject: { item: string; base: string; commit: string; branch: string },
): Promise<Judged> {
  const { engine, config } = session;
  const complete = await judgeLoaded('analysis-complete', async () =>
    decideAnalysisComplete(
      await loadAnalysisCompleteFacts({ git: engine.code }, { ...subject, track: item.track }),
      config.analysis,
    ),
  );
  if (complete.verdict !== 'pass') return { verdicts: [complete], candidate };
  const blobs = new Map(
    (await engine.code.listTree(candidate.commit, `docs/work-items/${item.id}`)).map((entry) => [
      entry.path,
      entry.sha,
    ]),
  );
  // Local switch first, the network is read only if it applies. spec: PL-L-1
  const labels =
    config.labels.auto_approve === ''
      ? []
      : ((
          await createDesk(session)
            .tracker.getIssue(item.issue)
            .catch(() => null)
        )?.labels ?? null);
  const approved = await judgeLoaded('analysis-approved', async () =>
    decideAnalysisApproved(
      await loadAnalysisApprovedFacts(
        { git: engine.code },
        { ...subject, stage: item.stage, answer: { kind: 'read', value: { kind: 'none' } }, labels },
      ),
      config.labels,
    ),
  );
  return { verdicts: [complete, approved], candidate: { ...candidate, package: packageHash(item.id, blobs) } };
}

function stagingRun(staging: Awaited<ReturnType<typeof loadStaging>>): StagingRun {
  if (staging === null || staging.kind === 'not-configured')
    return { class: 'transient-infra', code: 'STG_TRANSIENT', text: 'the staging step did not run' };
  if (staging.kind === 'suite') return staging.outcome;
  const { fault, log } = staging;
  return fault.class === 'suite-ran' ? { ...fault, log: log.slice(-6000) } : fault;
}

function deploySubject(item: ItemState, recorded: string | null, provider: 'none' | 'command') {
  const { delivery } = item;
  const attempt = delivery?.attempts.at(-1) ?? null;
  const digest = delivery?.request?.digest ?? '';
  const confirmed = delivery?.approved ?? null;
  return {
    digest,
    confirmation:
      confirmed === null || delivery?.request == null
        ? ({ kind: 'none' } as const)
        : ({ kind: 'confirmed', by: confirmed.by, digest, expiresAt: delivery.request.expires_at } as const),
    hook: attempt === null ? null : { state: attempt.state as 'ok', guard: false, text: attempt.log.slice(-500) },
    expected: {
      pass: delivery?.pass ?? 0,
      commit: delivery?.validated?.sha ?? '',
      codeTree: delivery?.validated?.code_tree ?? '',
      deployId: provider === 'none' ? null : (attempt?.id ?? null),
    },
    recorded,
  };
}

/** Judges a gate as a step of a landing job and leaves the verdict for `land`. null = an earlier gate did not pass, or nothing is to be judged. */
export async function judgeStep(session: Session, item: ItemState, gate: GateName): Promise<Verdict | null> {
  const scratch = createScratch(session.engine.scratch);
  const candidate = await scratch.loadCandidate();
  if (candidate === null || candidate.outcome.class !== 'ok') return null;
  if ((await scratch.loadVerdicts()).some((verdict) => verdict.verdict !== 'pass')) return null;
  const judged = await judgeGate(session, item, candidate, gate);
  await scratch.saveCandidate(judged.candidate);
  for (const verdict of judged.verdicts) await scratch.saveVerdict(verdict);
  return judged.verdicts.at(-1) ?? null;
}
