import { closeSync, openSync, writeSync } from 'node:fs';
import { createLineSplitter } from './lines.ts';

/** Size of a transcript; beyond it the middle is left out. spec: AG-LOG-3 */
const LIMIT_BYTES = 64 * 1024 * 1024;
const END_BYTES = 1024 * 1024;

export type TranscriptSource = 'stdout' | 'stderr' | 'wrapper';
export interface Transcript {
  readonly path: string;
  /** Output as it comes, in chunks cut anywhere. */
  write(chunk: string, source: TranscriptSource): void;
  /** Ends open lines and the file. */
  close(): void;
}
export interface TranscriptOptions {
  readonly path: string;
  /** Applied to each line before anything is cut or written. spec: AG-LOG-4 */
  readonly redact: (text: string) => string;
  readonly now: () => Date;
  readonly limitBytes?: number;
}

/**
 * A file of one JSON object per line of output: {at, source, line}. Straight to disk; what is larger than 64 MiB loses
 * its middle, with a mark. Throws file-system errors. spec: AG-LOG-1, AG-LOG-3
 */
export function openTranscript(options: TranscriptOptions): Transcript {
  const limit = options.limitBytes ?? LIMIT_BYTES;
  const headLimit = limit - Math.min(END_BYTES, Math.floor(limit / 2));
  const file = openSync(options.path, 'w', 0o600);
  let written = 0;
  let end: string[] = [];
  let endSize = 0;
  let dropped = 0;

  const keep = (record: string): void => {
    const size = Buffer.byteLength(record);
    if (end.length === 0 && written + size <= headLimit) {
      writeSync(file, record);
      written += size;
      return;
    }
    end.push(record);
    endSize += size;
    let first = 0;
    while (endSize > limit - headLimit && first < end.length - 1) {
      endSize -= Buffer.byteLength(end[first] ?? '');
      first += 1;
    }
    dropped += first;
    if (first > 0) end = end.slice(first);
  };
  const record = (source: TranscriptSource, line: string): string =>
    `${JSON.stringify({ at: options.now().toISOString(), source, line: options.redact(line) })}\n`;
  const splitters = {
    stdout: createLineSplitter((line) => keep(record('stdout', line))),
    stderr: createLineSplitter((line) => keep(record('stderr', line))),
    wrapper: createLineSplitter((line) => keep(record('wrapper', line))),
  };
  return {
    path: options.path,
    write: (chunk, source) => splitters[source].push(chunk),
    close() {
      for (const splitter of Object.values(splitters)) splitter.end();
      if (dropped > 0) writeSync(file, record('wrapper', `… ${dropped} lines left out …`));
      writeSync(file, end.join(''));
      closeSync(file);
    },
  };
}
