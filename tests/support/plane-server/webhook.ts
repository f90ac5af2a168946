import { createHmac, randomUUID } from 'node:crypto';

const ATTEMPTS = 6;

export interface WebhookTarget {
  readonly url: string;
  readonly secret: string;
}
/** One request that was made to the receiver. `answered` null = connection closed, refused or timed out. */
export interface Delivery {
  readonly event: string;
  readonly id: string;
  readonly body: string;
  readonly attempt: number;
  readonly answered: number | null;
}
export interface WebhookSender {
  /** `body` is built when its turn comes: Plane's data is read late. */
  push(event: string, body: () => string): void;
  aim(target: WebhookTarget | null): void;
  readonly sent: readonly Delivery[];
  /** false after the sixth attempt of one delivery had no answer. */
  active(): boolean;
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Sends one after the other, as one worker of Plane does: any answer counts as delivered, a missing one is tried five
 * times more with a new delivery id and the same body, after the sixth the webhook is off.
 */
export function createWebhookSender(options: {
  readonly retryDelayMs: number;
  readonly timeoutMs: number;
}): WebhookSender {
  let target: WebhookTarget | null = null;
  let active = true;
  let chain: Promise<void> = Promise.resolve();
  const sent: Delivery[] = [];
  const stop = new AbortController();
  const waiting = new Set<NodeJS.Timeout>();

  const enqueue = (event: string, body: () => string, attempt: number): void => {
    chain = chain.then(async () => {
      if (target === null || !active || stop.signal.aborted) return;
      const text = body();
      const id = randomUUID();
      const answered = await deliver(target, event, id, text);
      sent.push({ event, id, body: text, attempt, answered });
      if (answered !== null) return;
      if (attempt >= ATTEMPTS) {
        active = false;
        return;
      }
      const timer = setTimeout(() => {
        waiting.delete(timer);
        enqueue(event, () => text, attempt + 1);
      }, options.retryDelayMs);
      waiting.add(timer);
    });
  };

  const deliver = async (
    { url, secret }: WebhookTarget,
    event: string,
    id: string,
    body: string,
  ): Promise<number | null> => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'User-Agent': 'Autopilot',
          'Content-Type': 'application/json',
          'X-Plane-Delivery': id,
          'X-Plane-Event': event,
          'X-Plane-Signature': createHmac('sha256', secret).update(body).digest('hex'),
        },
        body,
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(options.timeoutMs)]),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return null;
    }
  };

  return {
    sent,
    push(event, body) {
      if (target !== null) enqueue(event, body, 1);
    },
    aim(next) {
      target = next;
      active = true;
    },
    active: () => active,
    async idle() {
      let seen: Promise<void> | null = null;
      while (seen !== chain) {
        seen = chain;
        await chain;
      }
    },
    async stop() {
      stop.abort();
      for (const timer of waiting) clearTimeout(timer);
      await chain;
    },
  };
}
