/** Something a gate wanted to know. What could not be read is said, and is never mistaken for an answer. */
export type Fact<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'unreadable'; readonly detail: string };

export type Unreadable = Extract<Fact<never>, { kind: 'unreadable' }>;

/** A fact that was read. */
export const read = <T>(value: T): Fact<T> => ({ kind: 'read', value });
/** A fact that could not be read; `detail` says why, for people. */
export const unreadable = (detail: string): Unreadable => ({ kind: 'unreadable', detail });
