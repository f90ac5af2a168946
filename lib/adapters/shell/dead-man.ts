import { spawn } from 'node:child_process';
import { hasProcessTable } from './proc-table.ts';

/**
 * Waits for the end of its input, which comes when our process is gone however it went, then ends the group $1 and
 * whoever carries the mark $2: asked first, killed two seconds later, looked for again.
 */
const GUARD = `
read -r _
signal() {
  kill -s "$1" -- "-$2" 2>/dev/null
  for entry in /proc/[0-9]*; do
    grep -qs -- "$3" "$entry/environ" && kill -s "$1" "\${entry#/proc/}" 2>/dev/null
  done
}
signal TERM "$1" "$2"
sleep 2
signal KILL "$1" "$2"
sleep 1
signal KILL "$1" "$2"
`;

/**
 * Sets a guard over a running child: should our process be killed without a chance to clean up (a cancelled job), the
 * guard ends the child's tree. Call the answer when the tree is gone. Linux only, elsewhere nothing. spec: AG-TIME-4
 */
export function setDeadMan(pid: number, mark: string): () => void {
  if (!hasProcessTable) return () => undefined;
  const guard = spawn('/bin/sh', ['-c', GUARD, 'conveyor-guard', String(pid), mark], {
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // A second line of defence: a host without /bin/sh, or a pipe that breaks when the guard goes, must not end the run.
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  return () => {
    guard.kill('SIGKILL');
    guard.stdin.destroy();
  };
}
