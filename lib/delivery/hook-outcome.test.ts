import { describe, expect, it } from 'vitest';
import type { HookState } from './hook-lines.ts';
import { foldDeploy, permanentMark, resultOf, transientMark } from './hook-outcome.ts';

const DIGEST = 'sha256:new';
const line = (state: HookState, running: string | null = DIGEST) =>
  ({ event: 'result', deploy_id: 'x', state, running, previous: null }) as const;

describe('exit code and result line: the worse counts', () => {
  it.each<[number | null, HookState | null, HookState | 'ask']>([
    [0, 'ok', 'ok'],
    [0, 'refused', 'refused'],
    [0, 'rolled-back', 'rolled-back'],
    [0, 'rollback-failed', 'rollback-failed'],
    [0, 'running', 'ask'],
    [0, 'unknown', 'ask'],
    [0, 'interrupted', 'ask'],
    [0, null, 'ask'],
    [1, null, 'rolled-back'],
    [1, 'ok', 'rolled-back'],
    [1, 'refused', 'rolled-back'],
    [1, 'rolled-back', 'rolled-back'],
    [1, 'rollback-failed', 'rollback-failed'],
    [1, 'interrupted', 'rolled-back'],
    [2, null, 'rollback-failed'],
    [2, 'ok', 'rollback-failed'],
    [2, 'rolled-back', 'rollback-failed'],
    [3, null, 'refused'],
    [3, 'ok', 'refused'],
    [3, 'refused', 'refused'],
    [3, 'rolled-back', 'rolled-back'],
    [3, 'rollback-failed', 'rollback-failed'],
    [4, 'ok', 'ask'],
    [17, null, 'ask'],
    [128, 'ok', 'ask'],
    [null, 'ok', 'ask'],
  ])('exit %s with result %s is %s', (exit, state, expected) => {
    expect(foldDeploy(exit, state === null ? null : line(state), DIGEST)).toBe(expected);
  });

  it('exit 0 with a result about another version is not a success', () => {
    expect(foldDeploy(0, line('ok', 'sha256:old'), DIGEST)).toBe('ask');
    expect(foldDeploy(0, line('ok', null), DIGEST)).toBe('ask');
  });

  it('a result of another deploy id does not count; of several the last one does', () => {
    const lines = { warnings: [], events: [line('rolled-back'), { ...line('ok'), deploy_id: 'y' }] };
    expect(resultOf(lines, 'x')?.state).toBe('rolled-back');
    expect(resultOf(lines, 'z')).toBeNull();
  });
});

describe('marks in the output', () => {
  it.each([
    'bash: docker: command not found',
    'Error: No such container: web',
    'no such service: web',
    'container web is not running',
    'git@host: Permission denied (publickey,password).',
    'Host key verification failed.',
  ])('G-STG-2: "%s" lasts until a person repairs it', (output) => {
    expect(permanentMark(output)).not.toBeNull();
    expect(transientMark(output)).toBeNull();
  });
  it.each([
    'curl: (7) Connection refused',
    'read: Connection reset by peer',
    'ssh: connect to host: Connection timed out',
    'Could not resolve host: app',
    'getaddrinfo EAI_AGAIN app',
    'Cannot connect to the Docker daemon at unix:///',
    'toomanyrequests: rate limit',
    '503 Service Unavailable',
  ])('G-STG-3: "%s" passes', (output) => {
    expect(transientMark(output)).not.toBeNull();
    expect(permanentMark(output)).toBeNull();
  });
  it('ordinary output carries no mark', () => {
    for (const output of ['', '2 tests failed', 'Permission denied: cannot edit track', 'AssertionError: 200 !== 500'])
      expect([permanentMark(output), transientMark(output)]).toEqual([null, null]);
  });
});
