/** Names of refs; nothing else is loaded with them, so that a fetch can start before the program that reads it is there. */
export const LEDGER_REF = 'refs/heads/conveyor/ledger';
export const ARCHIVE_REF = 'refs/heads/conveyor/archive';

/** Every branch that an item can have, and main (both full names); of what is no id of an item, main alone. spec: PL-D-5 */
export const codeRefs = (item: string, main: string) =>
  /^[A-Z][A-Z0-9]*-\d+$/.test(item) ? [`refs/heads/feature/${item}-*`, main] : [main];

/** Options of a fetch of code: gates compare with the merge base. */
export const WHOLE_HISTORY = { depth: 0 } as const;
