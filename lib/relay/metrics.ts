/** Counters of the process life. Labels are `result` words only: never an ID, title or person. spec: O-V-2 */
export interface RelayMetrics {
  readonly events: Record<'accepted' | 'duplicate' | 'ignored' | 'unauthorized' | 'malformed' | 'dropped', number>;
  readonly ignored: Record<'unknown project' | 'no interest' | 'own write', number>;
  /** Under which secret signatures matched. spec: RL-RLY-4 */
  readonly secrets: Record<'current' | 'previous', number>;
  /** Bodies over the limit; slow or oversized heads and bodies. */
  readonly limits: Record<'too_large' | 'timeout' | 'media_type', number>;
  readonly dispatch: Record<'ok' | 'transient' | 'refused' | 'input', number>;
  readonly entries: Record<'confirmed' | 'superseded' | 'redispatched' | 'dead', number>;
  readonly dispatchSeconds: Histogram;
  readonly tracker: Record<'ok' | 'failed', number>;
}

export interface Histogram {
  readonly buckets: readonly number[];
  readonly counts: number[];
  sum: number;
  count: number;
}

export function newMetrics(): RelayMetrics {
  return {
    events: { accepted: 0, duplicate: 0, ignored: 0, unauthorized: 0, malformed: 0, dropped: 0 },
    ignored: { 'unknown project': 0, 'no interest': 0, 'own write': 0 },
    secrets: { current: 0, previous: 0 },
    limits: { too_large: 0, timeout: 0, media_type: 0 },
    dispatch: { ok: 0, transient: 0, refused: 0, input: 0 },
    entries: { confirmed: 0, superseded: 0, redispatched: 0, dead: 0 },
    dispatchSeconds: { buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10], counts: Array(8).fill(0), sum: 0, count: 0 },
    tracker: { ok: 0, failed: 0 },
  };
}

export function observe(histogram: Histogram, seconds: number): void {
  const index = histogram.buckets.findIndex((limit) => seconds <= limit);
  const at = index === -1 ? histogram.buckets.length : index;
  histogram.counts[at] = (histogram.counts[at] ?? 0) + 1;
  histogram.sum += seconds;
  histogram.count += 1;
}
