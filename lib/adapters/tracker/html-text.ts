import { decodeHTML } from 'entities';

// Both are linear on hostile text: an unterminated comment runs to the end, and a tag never crosses another `<` outside quotes.
const COMMENT = /<!--[\s\S]*?(?:-->|$)/g;
const TAG = /<\/?[a-zA-Z!?](?:[^<>"']|"[^"]*"|'[^']*')*>/g;

/** HTML of the tracker as one line of plain text: tags to spaces, entities decoded once, white space collapsed. Pure. spec: PL-Q-1 */
export function htmlText(html: string): string {
  return decodeHTML(html.replace(COMMENT, ' ').replace(TAG, ' ')).replace(/\s+/g, ' ').trim();
}
