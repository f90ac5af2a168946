import { describe, expect, it } from 'vitest';
import { parseConfig } from './config.ts';

const config = (agents: object) =>
  parseConfig(
    JSON.stringify({
      version: 1,
      project: { prefix: 'ET' },
      tracker: { kind: 'file' },
      agents: { adapter: 'scripted', ...agents },
      tests: { command: 'npm test' },
      deploy: { provider: 'none' },
    }),
  );

describe('variables that reach an agent', () => {
  it.each(['GITHUB_TOKEN', 'ACTIONS_RUNTIME_TOKEN', 'CONVEYOR_BOT_TOKEN', 'github_token', 'NPM_TOKEN', 'A=B'])(
    'AG-SEC-2, agents regression 26: agents.env_pass with %s is no valid configuration',
    (name) => {
      const parsed = config({ env_pass: ['COLOUR', name] });
      expect(parsed).toEqual({ ok: false, errors: [expect.stringContaining(`agents.env_pass: "${name}"`)] });
    },
  );

  it('AG-SEC-2: the agent program may have a credential of its own, never one of the forge', () => {
    const command = (env: readonly string[]) => config({ adapter: 'command', command: { argv: ['agent'], env } });
    expect(command(['MODEL_API_KEY']).ok).toBe(true);
    expect(command(['GITHUB_TOKEN'])).toEqual({
      ok: false,
      errors: [expect.stringContaining('agents.command.env: "GITHUB_TOKEN"')],
    });
  });

  it('harmless names are taken', () => {
    expect(config({ env_pass: ['COLOUR', 'JAVA_HOME'] }).ok).toBe(true);
  });
});
