import { describe, expect, it } from 'vitest';
import { createConsoleChat } from './console.ts';

function startChat() {
  const lines: string[] = [];
  return { lines, chat: createConsoleChat({ write: (line) => void lines.push(line) }) };
}

describe('console chat', () => {
  it('shows a card as plain lines and keeps its id', async () => {
    const { lines, chat } = startChat();
    const { messageId } = await chat.upsertCard({
      messageId: null,
      text: '🛠️ <a href="https://x">ET-12</a> · A &amp; B\n📍 Review',
      notify: false,
    });
    expect(lines).toEqual(['', '🛠️ ET-12 · A & B', '📍 Review']);
    expect((await chat.upsertCard({ messageId, text: 'new', notify: false })).messageId).toBe(messageId);
    expect(lines.slice(3)).toEqual(['', 'new']);
  });

  it('two items have two messages, an equal card is not printed again', async () => {
    const { lines, chat } = startChat();
    const first = await chat.upsertCard({ messageId: null, text: 'one', notify: false });
    const second = await chat.upsertCard({ messageId: null, text: 'two', notify: false });
    expect(first.messageId).not.toBe(second.messageId);
    const before = lines.length;
    await chat.upsertCard({ messageId: first.messageId, text: 'one', notify: false });
    expect(lines).toHaveLength(before);
  });

  it('a message of an earlier process is shown again and keeps its id', async () => {
    const { lines, chat } = startChat();
    expect(await chat.upsertCard({ messageId: 'console-7', text: 'x', notify: true })).toEqual({
      messageId: 'console-7',
    });
    expect(lines).toEqual(['', 'x', '🔔']);
  });

  it('data of people moves no cursor and draws no colour', async () => {
    const { lines, chat } = startChat();
    await chat.upsertCard({ messageId: null, text: '\u001b[2J\u001b]0;x\u0007a&#27;[31mb\r', notify: false });
    expect(lines.join('')).toBe('[2J]0;xa[31mb');
  });
});
