import type { RelayMetrics } from './metrics.ts';
import type { RelayTracker } from './ports.ts';

/** The tracker with its calls counted for `/metrics`. */
export function countedTracker(tracker: RelayTracker, metrics: RelayMetrics): RelayTracker {
  const count = async <Value>(call: Promise<Value>): Promise<Value> => {
    try {
      const value = await call;
      metrics.tracker.ok += 1;
      return value;
    } catch (thrown) {
      metrics.tracker.failed += 1;
      throw thrown;
    }
  };
  return {
    ownActors: () => count(tracker.ownActors()),
    states: (project) => count(tracker.states(project)),
    issue: (project, id, signal) => count(tracker.issue(project, id, signal)),
  };
}
