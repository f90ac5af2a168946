import { neutral } from './neutral.ts';
import { EN } from './messages/en.ts';

export type MessageKey = keyof typeof EN;
type SlotOf<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | SlotOf<Rest> : never;
type Slots<Key extends MessageKey> = Readonly<Record<SlotOf<(typeof EN)[Key]>, string>>;

/**
 * A text of the catalogue with its data filled in: plain text, data neutralised, nothing escaped yet. A slot of the
 * data itself is not filled again. Pure. spec: H-CAT-1, H-CMT-13
 */
export function message<Key extends MessageKey>(
  key: Key,
  ...[slots]: [SlotOf<(typeof EN)[Key]>] extends [never] ? [] : [slots: Slots<Key>]
): string {
  const data = (slots ?? {}) as Readonly<Record<string, string>>;
  return EN[key].replace(/\{(\w+)\}/g, (_, name: string) => neutral(data[name] ?? ''));
}
