import { z } from 'zod';
import { fault, type LogVerdict, type Reading } from './codes.ts';
import { outputTail } from './excerpt.ts';
import { CommitHash, Digest, ExitCode, Line, readVerdictFile, Round, Stamp, word } from './fields.ts';
import { composeFrontmatter, type Fields } from './frontmatter-write.ts';
import { fenced, oneLine, renderTable } from './markdown.ts';
import { stampFields, type StampValues } from './stamp.ts';

/** Values of a mapping come as strings; the log shows them, nothing decides on them. */
const Details = z.record(z.string(), z.string());

/** `14-deploy-log.md`: SUCCESS only if the hook ran and health was confirmed. spec: artifacts §5 (14) */
export const DeployLog = Stamp.extend({
  type: z.literal('deploy-log'),
  pass: Round,
  deploy_status: word('SUCCESS', 'FAILED', 'NOT_APPLICABLE'),
  deploy_mode: z.enum(['command', 'compose', 'none']),
  digest: Digest.optional(),
  code_tree: CommitHash,
  base: CommitHash,
  deploy_id: Line.optional(),
  exit_code: ExitCode.refine((code) => code >= 0 && code <= 2, '0, 1 or 2').optional(),
  previous_digest: Digest.optional(),
  target_url: Line.optional(),
  health: Details.optional(),
  hygiene: Details.optional(),
  approved: Details.optional(),
});
export type DeployLog = z.infer<typeof DeployLog>;

/** Faults: fm.*, art.*. */
export function parseDeployLog(source: Buffer | string, item: string): Reading<DeployLog> {
  return readVerdictFile(source, { item, type: 'deploy-log', verdictKeys: ['deploy_status'], schema: DeployLog });
}

/**
 * SUCCESS with another exit code than 0 fails (the negative value wins). `provider` is the configuration on main:
 * NOT_APPLICABLE passes only when it has no deployment; the file alone can never say so. spec: artifacts §5, gates §12
 */
export function classifyDeployLog(log: DeployLog, provider: 'none' | 'command'): LogVerdict {
  if (log.deploy_status === 'FAILED')
    return { kind: 'fail', text: `deploy_status is FAILED, exit_code ${log.exit_code ?? 'unknown'}` };
  if (log.exit_code !== undefined && log.exit_code !== 0)
    return { kind: 'fail', text: `${log.deploy_status} with exit_code ${log.exit_code}` };
  const notJudged = (text: string): LogVerdict => ({ kind: 'not-judged', fault: fault('art.contradiction', text) });
  if (log.deploy_status === 'NOT_APPLICABLE')
    return provider === 'none'
      ? { kind: 'pass' }
      : notJudged(`NOT_APPLICABLE, but deploy.provider on main is ${provider}`);
  if (log.deploy_mode === 'none' || provider === 'none')
    return notJudged('SUCCESS, but nothing is configured to be deployed');
  if (log.digest === undefined || log.exit_code === undefined)
    return notJudged('SUCCESS without digest and exit_code of the hook');
  return { kind: 'pass' };
}

export interface DeployLogInput {
  readonly stamp: StampValues;
  readonly status: 'SUCCESS' | 'FAILED' | 'NOT_APPLICABLE';
  readonly mode: 'command' | 'none';
  /** Commit of main the candidate was judged against. */
  readonly base: string;
  readonly digest?: string;
  readonly deployId?: string;
  readonly exitCode?: 0 | 1 | 2;
  readonly previousDigest?: string;
  readonly targetUrl?: string;
  readonly health?: Fields;
  readonly hygiene?: Fields;
  readonly approved?: Fields;
  /** One sentence under Verdict. */
  readonly conclusion: string;
  readonly preconditions: readonly { readonly artifact: string; readonly key: string; readonly value: string }[];
  readonly deployed: readonly string[];
  readonly healthText: string;
  readonly rollback: string;
  /** Redacted; cut here. */
  readonly output: string;
  readonly log: string;
}

/** The text of `14-deploy-log.md`. */
export function renderDeployLog(input: DeployLogInput): string {
  const head = {
    ...stampFields('14-deploy-log.md', input.stamp),
    deploy_status: input.status,
    deploy_mode: input.mode,
    deploy_id: input.deployId,
    digest: input.digest,
    base: input.base,
    exit_code: input.exitCode,
    previous_digest: input.previousDigest,
    target_url: input.targetUrl,
    health: input.health,
    hygiene: input.hygiene,
    approved: input.approved,
  };
  const preconditions = input.preconditions.map(({ artifact, key, value }) => [artifact, key, value]);
  const lines = [
    `# Deploy Log — ${input.stamp.item}`,
    '## Verdict',
    `${input.status}. ${input.conclusion}`,
    '## Preconditions',
    preconditions.length > 0 ? renderTable(['Artifact', 'Key', 'Value'], preconditions) : 'None.',
    '## What was deployed',
    ...(input.deployed.length > 0 ? input.deployed.map((line) => `- ${oneLine(line)}`) : ['Nothing.']),
    '## Hook output',
    input.output.trim() === '' ? 'None.' : fenced(outputTail(input.output, input.log)),
    '## Health',
    input.healthText,
    '## Rollback plan',
    input.rollback,
  ];
  return composeFrontmatter(head, `${lines.join('\n')}\n`);
}
