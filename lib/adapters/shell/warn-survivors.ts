import type { Log } from '../../ports/log.ts';
import type { ShellPort } from '../../ports/shell.ts';

/** The same shell, which says in the log when something outlived its SIGKILL: whoever reads the result sees only its end. spec: AG-TIME-3 */
export function warnOfSurvivors(shell: ShellPort, log: Pick<Log, 'warn'>): ShellPort {
  return {
    async run(spec) {
      const result = await shell.run(spec);
      if (result.survivors !== undefined && result.survivors.length > 0)
        log.warn(
          `kill-incomplete: ${spec.argv[0] ?? 'a program'} left processes that SIGKILL did not end: ${result.survivors.join(', ')}. Look at them on the runner's machine: they may hold files, ports or memory.`,
        );
      return result;
    },
  };
}
