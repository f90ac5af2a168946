import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { createRedactor } from '../base/redact.ts';
import type { Config } from '../pipeline/config.ts';
import type { ShellPort } from '../ports/shell.ts';
import type { StagingTrouble, SuiteRan } from './suite-class.ts';
import { classifySuite } from './suite-class.ts';
import { parseSuiteFile } from './suite-file.ts';
import { renderSuiteVerdict } from './suite-fold.ts';

const LOG_CHARACTERS = 20_000;
const LARGEST_FILE = 4 * 1024 * 1024;

export interface SuiteSpec {
  /** Absolute path of the suite, exported from main. */
  readonly file: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly baseUrl: string;
  /** Commit of the artifact's manifest: what staging must say it serves. */
  readonly revision: string;
  readonly digest: string;
  /** Fresh and unguessable for this run. */
  readonly nonce: string;
  readonly settings: Config['deploy']['staging'];
  /** Values to be masked in the log. */
  readonly secrets: readonly string[];
  readonly graceMs: number;
  /** Existing folder for the result file. */
  readonly folder: string;
  /** Digest that staging serves after the suite; null when it is not asked. spec: G-STG-7 */
  readonly runningDigest: (() => Promise<string | null>) | null;
}
export type SuiteOutcome = (SuiteRan | StagingTrouble) & {
  readonly mode: 'stub';
  readonly baseUrl: string;
  /** Last 20 000 characters of output and the verdict lines, secrets masked. */
  readonly log: string;
};

/** Runs the staging suite of main against staging and classifies what it says. Never throws for what it does. spec: delivery §4 */
export async function runStagingSuite(spec: SuiteSpec, shell: ShellPort): Promise<SuiteOutcome> {
  const folder = await mkdtemp(path.join(spec.folder, 'suite-'));
  const out = path.join(folder, 'result.json');
  try {
    const ran = await shell.run({
      argv: [spec.file, '--base-url', spec.baseUrl, '--mode', 'stub', ...(spec.settings.strict ? ['--strict'] : [])],
      cwd: spec.cwd,
      env: { ...spec.env, CONVEYOR_SUITE_OUT: out, CONVEYOR_SUITE_NONCE: spec.nonce },
      timeoutMs: spec.settings.timeout_s * 1000,
      graceMs: spec.graceMs,
    });
    const outcome = classifySuite(ran, parseSuiteFile(await readResult(out), spec.nonce), spec.revision, spec.settings);
    const serving =
      outcome.class === 'suite-ran' && spec.runningDigest !== null ? await spec.runningDigest() : spec.digest;
    const judged: SuiteRan | StagingTrouble =
      serving === spec.digest
        ? outcome
        : {
            class: 'transient-infra',
            code: 'STG_WRONG_REVISION',
            text: `after the suite staging serves ${serving ?? 'nothing'}, not ${spec.digest}`,
          };
    const verdict = 'status' in judged ? `\n${renderSuiteVerdict(judged)}\n` : '';
    const log = createRedactor(spec.secrets)(ran.output + verdict).slice(-LOG_CHARACTERS);
    return { ...judged, mode: 'stub', baseUrl: spec.baseUrl, log };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file that is too large to be a result is handed on as what it is: not JSON, so no proof. */
async function readResult(file: string): Promise<string | null> {
  const found = await stat(file).catch(() => null);
  if (found === null) return null;
  return found.isFile() && found.size <= LARGEST_FILE ? readFile(file, 'utf8') : '';
}
