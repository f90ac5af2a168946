import { createInterface } from 'node:readline/promises';
import type { Io } from './io.ts';

/** Questions to whoever sits at the terminal. Without a terminal nobody answers: no, and nothing. */
export interface Ask {
  yes(question: string): Promise<boolean>;
  /** null = no answer. */
  text(question: string): Promise<string | null>;
}

export function createAsk({ isTerminal, signal }: Io): Ask {
  const text = async (question: string) => {
    if (!isTerminal) return null;
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    try {
      const answer = await lines.question(`${question} `, { signal });
      return answer.trim() === '' ? null : answer.trim();
    } catch (thrown) {
      if (signal.aborted) return null;
      throw thrown;
    } finally {
      lines.close();
    }
  };
  return { text, yes: async (question) => /^y(es)?$/i.test((await text(`${question} [y/N]`)) ?? '') };
}
