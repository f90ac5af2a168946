const TEST_PROCESS = ['CONVEYOR_TEST', 'NODE_TEST_CONTEXT', 'VITEST', 'JEST_WORKER_ID'] as const;

export type WriteGuard =
  | { readonly allowed: true; readonly test: boolean }
  | { readonly allowed: false; readonly why: string };

/**
 * May this process write to this tracker project? Outside tests always; in a test process only with the opt-in and
 * with the project in the sandbox list. The address proves nothing. No off switch. Pure. spec: RL-PLN-6, O-S-15
 */
export function decideTrackerWrite(
  env: Readonly<Record<string, string | undefined>>,
  project: string | null,
): WriteGuard {
  const mark = TEST_PROCESS.find((name) => (env[name] ?? '') !== '');
  if (mark === undefined) return { allowed: true, test: false };
  if (project === null) return { allowed: false, why: `test process (${mark}) and the target project is unresolved` };
  if (env['CONVEYOR_PLANE_TEST_WRITE'] !== '1')
    return { allowed: false, why: `test process (${mark}) without CONVEYOR_PLANE_TEST_WRITE=1` };
  const sandbox = (env['CONVEYOR_PLANE_SANDBOX_PROJECTS'] ?? '').split(',').map((id) => id.trim().toLowerCase());
  if (!sandbox.includes(project.toLowerCase()))
    return {
      allowed: false,
      why: `test process (${mark}) and project ${project} is not in CONVEYOR_PLANE_SANDBOX_PROJECTS`,
    };
  return { allowed: true, test: true };
}
