/** Environment names whose values are credentials of a step: action inputs, deploy secrets, the runner's own tokens. */
const SECRET_NAME =
  /^INPUT_.*-(TOKEN|SECRET|KEY)$|^CONVEYOR_.*(_TOKEN|_SECRET|_KEY)$|^CONVEYOR_DEPLOY_|^ACTIONS_RUNTIME_TOKEN$|^(GITHUB|GITEA)_TOKEN$/;

/** The values of the environment that must not be printed. Names only are looked at; empty values are no secrets. */
export function secretValues(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env)
    .filter(([name, value]) => SECRET_NAME.test(name) && value !== undefined && value.trim() !== '')
    .map(([, value]) => value as string);
}

const DEPLOY_SECRET = 'CONVEYOR_DEPLOY_';

/** `CONVEYOR_DEPLOY_<N>` → N: only what this job was given. spec: operations §1.3 */
export function deploySecretsOf(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      name.startsWith(DEPLOY_SECRET) && value !== undefined && value !== ''
        ? [[name.slice(DEPLOY_SECRET.length), value]]
        : [],
    ),
  );
}
