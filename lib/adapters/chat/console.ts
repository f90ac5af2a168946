import { decodeHTML } from 'entities';
import type { ChatPort } from '../../ports/chat.ts';

/** Everything that moves a cursor or changes a colour: a card shows data of people. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g;

/**
 * The chat card as lines of a terminal: HTML becomes text, an equal card is not printed again. `write` gets whole lines
 * without a line break at the end. Never throws. spec: design §6
 */
export function createConsoleChat(options: { readonly write: (line: string) => void }): ChatPort {
  const shown = new Map<string, string>();
  return {
    async upsertCard({ messageId, text, notify }) {
      const id = messageId ?? `console-${shown.size + 1}`;
      const plain = decodeHTML(text.replace(/<[^<>]*>/g, '')).replace(CONTROL, '');
      if (shown.get(id) !== plain) for (const line of ['', ...plain.split('\n')]) options.write(line);
      if (notify) options.write('🔔');
      shown.set(id, plain);
      return { messageId: id };
    },
  };
}
