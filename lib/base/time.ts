/** Times in files and ledgers: UTC, whole seconds, `2026-06-05T12:47:48Z`. */
export const UTC_PATTERN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The moment in UTC with whole seconds (fractions cut). Years 0–9999; throws RangeError on an invalid Date. */
export function formatUtc(moment: Date): string {
  return `${moment.toISOString().slice(0, 19)}Z`;
}

/** The moment, or null when the text is not of this form or names no real time (2026-02-30). */
export function parseUtc(text: string): Date | null {
  if (!UTC_PATTERN.test(text)) return null;
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) || formatUtc(moment) !== text ? null : moment;
}
