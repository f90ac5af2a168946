import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildResult, buildBundle } from '../delivery/bundle.ts';
import { buildKey } from '../delivery/manifest.ts';
import { z } from 'zod';
import type { Engine, Session } from './engine.ts';
import { branchEnvironment, fetchCode, openRun, type RunInput, type RunItem } from './run-item.ts';

const sha = z.string().regex(/^[0-9a-f]{40,64}$/);

/** What the build job tells the staging job; the artifact travels beside it as a file. Judged there, never believed. */
export const BuildReport = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('reuse'), digest: z.string() }),
  z.object({
    kind: z.literal('built'),
    digest: z.string(),
    size: z.int(),
    commit: sha,
    tree: sha,
    code_tree: sha,
    base: sha,
    build_key: z.string(),
    log: z.string(),
  }),
  z.object({
    kind: z.literal('failed'),
    reason: z.enum(['build-failed', 'infra']),
    text: z.string(),
    baseBuilds: z.boolean(),
    log: z.string(),
  }),
]);
export type BuildReport = z.infer<typeof BuildReport>;

export const BUILD_HANDOVER = 'build';

/**
 * Builds the artifact of the item's code tree in a job without any write right or secret, unless the recorded one has
 * the same build key. spec: D-MOD-6 job build, D-ART-1, D-ART-4
 */
export async function build(engine: Engine, input: RunInput): Promise<string> {
  const run = await openRun(engine, input);
  if (!run.current) return run.line;
  const report = await buildItem(run);
  const files = new Map([['build.json', Buffer.from(JSON.stringify(report.report))]]);
  if (report.artifact !== null) files.set('artifact', report.artifact);
  await engine.handover.put(BUILD_HANDOVER, files);
  return `build: ${report.report.kind}${'digest' in report.report ? ` ${report.report.digest}` : ''}`;
}

async function buildItem({ session, item }: Extract<RunItem, { current: true }>) {
  const { engine, config } = session;
  if (config.deploy.provider === 'none') return { report: { kind: 'none' } as BuildReport, artifact: null };
  const head = await fetchCode(engine, item);
  if (head === null || head !== item.head)
    return {
      report: {
        kind: 'failed',
        reason: 'infra',
        text: `the branch is at ${head ?? 'nothing'}, recorded is ${item.head ?? 'nothing'}`,
        baseBuilds: true,
        log: '',
      } as BuildReport,
      artifact: null,
    };
  const { code } = engine;
  const codeTree = await code.codeTree(head);
  const key = buildKey(codeTree, config.deploy.artifact);
  const recorded = item.delivery?.artifact;
  if (recorded?.build_key === key)
    return { report: { kind: 'reuse', digest: recorded.digest } as BuildReport, artifact: null };
  const base = (await code.mergeBase(head, session.view.main)) ?? session.view.main;
  const file = join(engine.scratch, 'artifact.tar.gz');
  const result = await buildAt(session, item.id, head, codeTree, file);
  if (!result.ok) {
    const baseBuilds =
      result.reason === 'infra' ||
      (await buildAt(session, item.id, base, await code.codeTree(base), join(engine.scratch, 'base.tar.gz'))).ok;
    return {
      report: {
        kind: 'failed',
        reason: result.reason,
        text: result.text,
        baseBuilds,
        log: engine.redact(result.log).slice(-20_000),
      } as BuildReport,
      artifact: null,
    };
  }
  const report: BuildReport = {
    kind: 'built',
    digest: result.digest,
    size: result.size,
    commit: head,
    tree: await code.treeOf(head),
    code_tree: codeTree,
    base,
    build_key: key,
    log: engine.redact(result.log).slice(-20_000),
  };
  return { report, artifact: await readFile(file) };
}

async function buildAt(
  session: Session,
  item: string,
  commit: string,
  codeTree: string,
  file: string,
): Promise<BuildResult> {
  const { engine, config } = session;
  const { env } = await branchEnvironment(session, item, 'build');
  const folder = join(engine.scratch, `build-${commit.slice(0, 12)}`);
  await mkdir(folder, { recursive: true });
  await engine.code.exportTree(commit, folder, { without: ['docs/work-items'] });
  const { build: command, output, timeout_s } = config.deploy.artifact;
  return buildBundle(
    {
      folder,
      build: command,
      output,
      commit,
      codeTree,
      commitTime: await engine.code.timeOf(commit),
      env,
      timeoutMs: timeout_s * 1000,
      graceMs: config.process.kill_grace_s * 1000,
      file,
    },
    engine.shell,
  );
}
