const PLAIN = /^[A-Za-z$][A-Za-z0-9 ${}._/@·<>()-]*$/;
const RESERVED = /^(true|false|null|yes|no|on|off|y|n|~)$/i;

/** A string as one YAML scalar: plain where every parser reads it as that string, else double-quoted. */
export function scalar(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) && text.trim() === text ? text : JSON.stringify(text);
}
