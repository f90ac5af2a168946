import { describe, expect, it } from 'vitest';
import { decideTrackerWrite } from './write-guard.ts';

const SANDBOX = { CONVEYOR_PLANE_TEST_WRITE: '1', CONVEYOR_PLANE_SANDBOX_PROJECTS: 'aaa, BBB' };

describe('RL-PLN-6: write guard', () => {
  it('lets a process that is no test write', () => {
    expect(decideTrackerWrite({ VITEST: '' }, 'zzz')).toEqual({ allowed: true, test: false });
    expect(decideTrackerWrite({}, null)).toEqual({ allowed: true, test: false });
  });

  it.each(['CONVEYOR_TEST', 'NODE_TEST_CONTEXT', 'VITEST', 'JEST_WORKER_ID'])(
    'a process with %s writes only with opt-in and sandbox',
    (mark) => {
      const test = { [mark]: '1' };
      expect(decideTrackerWrite(test, 'aaa').allowed).toBe(false);
      expect(decideTrackerWrite({ ...test, CONVEYOR_PLANE_TEST_WRITE: '1' }, 'aaa').allowed).toBe(false);
      expect(decideTrackerWrite({ ...test, CONVEYOR_PLANE_SANDBOX_PROJECTS: 'aaa' }, 'aaa').allowed).toBe(false);
      expect(decideTrackerWrite({ ...test, ...SANDBOX, CONVEYOR_PLANE_TEST_WRITE: 'true' }, 'aaa').allowed).toBe(false);
      expect(decideTrackerWrite({ ...test, ...SANDBOX }, 'ccc').allowed).toBe(false);
      expect(decideTrackerWrite({ ...test, ...SANDBOX }, null).allowed).toBe(false);
      expect(decideTrackerWrite({ ...test, ...SANDBOX }, 'aaa')).toEqual({ allowed: true, test: true });
      expect(decideTrackerWrite({ ...test, ...SANDBOX }, 'bbb')).toEqual({ allowed: true, test: true });
    },
  );

  it('says why it refuses', () => {
    expect(decideTrackerWrite({ VITEST: 'true' }, 'aaa')).toEqual({
      allowed: false,
      why: 'test process (VITEST) without CONVEYOR_PLANE_TEST_WRITE=1',
    });
  });

  it('an empty sandbox list holds no project, not the empty one', () => {
    expect(
      decideTrackerWrite({ VITEST: '1', CONVEYOR_PLANE_TEST_WRITE: '1', CONVEYOR_PLANE_SANDBOX_PROJECTS: '' }, 'aaa')
        .allowed,
    ).toBe(false);
  });
});
