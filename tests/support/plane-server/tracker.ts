import { vi } from 'vitest';
import { type PlaneTrackerOptions, createPlaneTracker } from '../../../lib/adapters/tracker/plane.ts';
import { type PlaneServerOptions, startPlaneServer } from './index.ts';

/**
 * A server with a tracker on it, its project in the write guard's sandbox list until the tests of the file are over.
 * The clock stands still until `advance` moves it; `logged` has every line as `level: text`.
 */
export async function startPlaneTracker(
  options: Partial<PlaneTrackerOptions> & { readonly server?: PlaneServerOptions } = {},
) {
  const plane = await startPlaneServer(options.server);
  vi.stubEnv('CONVEYOR_PLANE_TEST_WRITE', '1');
  vi.stubEnv(
    'CONVEYOR_PLANE_SANDBOX_PROJECTS',
    [process.env['CONVEYOR_PLANE_SANDBOX_PROJECTS'] ?? '', plane.project].join(','),
  );
  let now = Date.parse('2026-05-04T10:00:00Z');
  const logged: string[] = [];
  const line = (level: string) => (text: string) => void logged.push(`${level}: ${text}`);
  const tracker = createPlaneTracker({
    url: plane.url,
    workspace: plane.workspace,
    project: plane.project,
    token: plane.token,
    webUrl: null,
    clock: { now: () => new Date(now), sleep: async () => {} },
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    ...options,
  });
  return {
    plane,
    tracker,
    logged,
    advance(seconds: number): void {
      now += seconds * 1000;
    },
    [Symbol.asyncDispose]: async () => await plane[Symbol.asyncDispose](),
  };
}
