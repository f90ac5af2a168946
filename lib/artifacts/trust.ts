import { fault, type ArtifactFault } from './codes.ts';

/** What the ledger recorded when the pipeline wrote a verdict file. */
export interface WrittenReport {
  readonly blob: string;
  readonly round: number;
}

/**
 * Whether the file at the branch head is the one that the pipeline wrote in this round: `art.missing` without a record
 * and file, `art.untrusted` when the blob is not the recorded one, `art.stale` for another round. spec: AR-VAL-2, G-FM-6
 */
export function trustFault(
  file: string,
  record: WrittenReport | null,
  atHead: { readonly blob: string } | null,
  round: number,
): ArtifactFault | null {
  if (record === null)
    return atHead === null
      ? fault('art.missing', `${file} is missing`)
      : fault('art.untrusted', `${file} was not written by the pipeline in this life of the item`);
  if (atHead === null) return fault('art.untrusted', `${file} was removed from the branch`);
  if (record.blob !== atHead.blob)
    return fault(
      'art.untrusted',
      `${file} is ${atHead.blob.slice(0, 12)}, the pipeline wrote ${record.blob.slice(0, 12)}`,
    );
  if (record.round !== round) return fault('art.stale', `${file} is of round ${record.round}, now is round ${round}`);
  return null;
}
