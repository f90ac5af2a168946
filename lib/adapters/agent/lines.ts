/** A line longer than this is handed on in pieces, so that output without line ends cannot fill the memory. */
const MAX_LINE = 1024 * 1024;

export interface LineSplitter {
  push(chunk: string): void;
  /** Hands on an unfinished last line. */
  end(): void;
}

/** Calls `onLine` for each line without its line end (LF or CRLF), whatever the chunks are. */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  let rest = '';
  return {
    push(chunk) {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) onLine(part.endsWith('\r') ? part.slice(0, -1) : part);
      while (rest.length > MAX_LINE) {
        onLine(rest.slice(0, MAX_LINE));
        rest = rest.slice(MAX_LINE);
      }
    },
    end() {
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
