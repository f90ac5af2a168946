/** Names that are refused even when a configuration lists them. spec: AG-SEC-2 */
const REFUSED_PREFIX = /^(GITHUB_|GITEA_|ACTIONS_|RUNNER_|INPUT_|CONVEYOR_|SSH_|GIT_|DOCKER_|KUBE|AWS_)/i;
/** Refused unless it is the agent program's own declared credential. */
const REFUSED_SUFFIX = /_(TOKEN|SECRET|PASSWORD|KEY)$/i;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Why variables of the runner may not reach agents or branch code, one text per refused name; [] = all may. `pass` is
 * `agents.env_pass`, `credentials` is `agents.command.env`. spec: AG-SEC-2
 */
export function refusedVariables(listed: {
  readonly pass: readonly string[];
  readonly credentials: readonly string[];
}): string[] {
  return [
    ...listed.pass.flatMap((name) => refusal('agents.env_pass', name, true)),
    ...listed.credentials.flatMap((name) => refusal('agents.command.env', name, false)),
  ];
}

function refusal(key: string, name: string, suffixes: boolean): string[] {
  const say = (why: string): string[] => [`${key}: ${JSON.stringify(name)} ${why}`];
  if (!NAME.test(name)) return say('is not the name of an environment variable');
  if (REFUSED_PREFIX.test(name)) return say('is never passed to agents or branch code: remove it');
  if (suffixes && REFUSED_SUFFIX.test(name)) return say('looks like a credential and is not passed: remove it');
  return [];
}
