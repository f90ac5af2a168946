/** The end of a byte stream: keeps at most `limit` bytes, whatever goes through. */
export interface Tail {
  push(chunk: Buffer): void;
  /** The kept bytes as text; a character cut at the front is left out. */
  text(): string;
}

/** Creates a tail of `limit` bytes; memory stays below twice the limit plus one chunk. */
export function createTail(limit: number): Tail {
  let chunks: Buffer[] = [];
  let size = 0;
  let cut = false;
  const compact = (): Buffer => {
    const all = Buffer.concat(chunks);
    const kept = all.length > limit ? Buffer.from(all.subarray(all.length - limit)) : all;
    cut ||= kept !== all;
    chunks = [kept];
    size = kept.length;
    return kept;
  };
  return {
    push(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limit * 2) compact();
    },
    text() {
      const kept = compact();
      return kept.subarray(cut ? continuationBytes(kept) : 0).toString('utf8');
    },
  };
}

/** Bytes at the front that belong to a character whose start was cut off (UTF-8: 10xxxxxx, at most three). */
function continuationBytes(bytes: Buffer): number {
  let skip = 0;
  while (skip < 3 && ((bytes[skip] ?? 0) & 0xc0) === 0x80) skip += 1;
  return skip;
}
