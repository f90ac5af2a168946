/** One message per work item, edited in place; a new one only when the old one is gone. */
export interface ChatPort {
  upsertCard(card: {
    readonly messageId: string | null;
    readonly text: string;
    readonly notify: boolean;
  }): Promise<{ readonly messageId: string }>;
}
