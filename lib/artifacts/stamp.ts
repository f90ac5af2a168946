import { formatUtc } from '../base/time.ts';
import { failed, type ArtifactFault } from './codes.ts';
import { identityFault, type Writer } from './fields.ts';
import { parseFrontmatter } from './frontmatter.ts';
import { renderFrontmatter, type Fields } from './frontmatter-write.ts';

/** Verdict files and what their stamp is made of. `round`: `version` counts rounds of the file, `pass` entries into deploy-staging. */
export const STAMPS = {
  '12-review.md': { type: 'review', round: 'version', subject: 'patch_id' },
  '13-test-report.md': { type: 'test-report', round: 'version', subject: 'code_tree' },
  '14-deploy-log.md': { type: 'deploy-log', round: 'pass', subject: 'code_tree' },
  '15-staging-log.md': { type: 'staging-log', round: 'pass', subject: 'code_tree' },
} as const;
export type VerdictFile = keyof typeof STAMPS;

export interface StampValues {
  readonly item: string;
  /** From 1. */
  readonly round: number;
  /** Code head that was judged. */
  readonly commit: string;
  /** `patch_id` of a review, `code_tree` of the others. */
  readonly subject: string;
  readonly runId: number;
  readonly writtenBy: Writer;
  readonly at: Date;
}

/** The stamped keys of a file in the order in which they are written. spec: AR-FM-12 */
export function stampFields(file: VerdictFile, values: StampValues): Fields {
  const { type, round, subject } = STAMPS[file];
  return {
    type,
    work_item_id: values.item,
    [round]: values.round,
    [subject]: values.subject,
    commit: values.commit,
    run_id: values.runId,
    written_by: values.writtenBy,
    timestamp: formatUtc(values.at),
  };
}

/**
 * The text with every stamped key set, whatever an agent wrote there; the rest stays. Another item's id (`art.foreign`)
 * and another type (`art.wrong_type`) are refused, not repaired. spec: AR-FM-12
 */
export function stamp(
  source: Buffer | string,
  file: VerdictFile,
  values: StampValues,
): { readonly ok: true; readonly text: string } | ({ readonly ok: false } & ArtifactFault) {
  const parsed = parseFrontmatter(source);
  if (!parsed.ok) return failed(parsed.code, parsed.message, parsed.line);
  const identity = identityFault(parsed.data, { item: values.item, type: STAMPS[file].type });
  if (identity !== null) return { ok: false, ...identity };
  const written = renderFrontmatter(source, { set: stampFields(file, values) });
  return written.ok ? written : failed(written.code, written.message, written.line);
}

/** `art.readback` unless the blob read back from the commit is exactly what was meant. spec: AR-VAL-1, G-FM-5 */
export function readBackFault(meant: Buffer, readBack: Buffer | null): ({ readonly ok: false } & ArtifactFault) | null {
  if (readBack === null) return failed('art.readback', 'the file is missing from the commit that was to contain it');
  if (readBack.equals(meant)) return null;
  return failed(
    'art.readback',
    `${readBack.length} bytes were read back, ${meant.length} were written, and they differ`,
  );
}
