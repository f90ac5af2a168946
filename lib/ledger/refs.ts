/** Names of refs; nothing else is loaded with them, so that a fetch can start before the program that reads it is there. */
export const LEDGER_REF = 'refs/heads/conveyor/ledger';
export const ARCHIVE_REF = 'refs/heads/conveyor/archive';
