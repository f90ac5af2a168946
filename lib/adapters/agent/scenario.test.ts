import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Occasion } from './scenario.ts';
import { matchesStep, parseScenario } from './scenario.ts';

const stepOf = (yaml: string) => {
  const parsed = parseScenario(`version: 1\nsteps:\n  - ${yaml}\n`);
  if (!parsed.ok) throw new Error(parsed.errors.join('; '));
  const [step] = parsed.scenario.steps;
  if (step === undefined) throw new Error('no step');
  return step;
};
const errorsOf = (yaml: string): string => {
  const parsed = parseScenario(yaml);
  return parsed.ok ? '' : parsed.errors.join('; ');
};
const oneStep = (yaml: string): string => errorsOf(`version: 1\nsteps:\n  - ${yaml}\n`);

describe('scenario file', () => {
  it('agents §4: the example of the specification is a scenario', () => {
    const step = stepOf(`match: {role: analyst, round: 1}
    expect: {prompt_has: ["CSV export"], prompt_lacks: ["s3cr3t-canary"], env_lacks: [GITHUB_TOKEN], files: [CLAUDE.md]}
    do:
      - write: {path: "{WI}/01-brd.md", file: fixtures/brd.md}
      - sleep: 2s
    end: ok
    usage: {input: 1200, cache_read: 83000, cache_creation: 900, output: 4500, cost_usd: 0.21, model: claude-opus-4-8}`);
    expect(step).toMatchObject({
      match: { role: 'analyst', round: 1 },
      do: [{ write: { path: '{WI}/01-brd.md' } }, { sleep: 2000 }],
      end: { kind: 'ok', arguments: [] },
      optional: false,
    });
  });

  it.each([
    ['ok', 'ok', []],
    ['exit(3)', 'exit', [3]],
    ['{exit: 3}', 'exit', [3]],
    ['transient(529)', 'transient', [529]],
    ['transient(429, 120)', 'transient', [429, 120]],
    ['{transient: [429, 120]}', 'transient', [429, 120]],
    ['hang_deaf', 'hang_deaf', []],
    ['usage_limit()', 'usage_limit', []],
    ['partial(2)', 'partial', [2]],
  ])('the ending %s is understood', (written, kind, args) => {
    expect(stepOf(`end: ${written}`).end).toEqual({ kind, arguments: args });
  });

  it.each([
    ['not YAML', 'a: [', /not valid YAML/],
    ['another version', 'version: 2\nsteps: [{}]', /version/],
    ['no step', 'version: 1\nsteps: []', /steps/],
    ['an unknown key', 'version: 1\nsteps: [{then: ok}]', /steps\.0.*then/],
    ['nothing at all', '', /empty/],
    ['a list', '- 1', /top level/],
  ])('%s is refused with its place', (_name, yaml, reason) => {
    expect(errorsOf(yaml)).toMatch(reason);
  });

  it.each([
    ['end: explode', /unknown ending "explode": use one of ok, exit/],
    ['end: exit', /exit takes 1 number/],
    ['end: ok(1)', /ok takes 0 number/],
    ['end: {exit: a}', /unknown ending/],
    ['end: toString', /unknown ending/],
    ['do: [{sleep: 2 days}]', /steps\.0\.do\.0\.sleep: "2 days" is not a duration/],
    ['do: [{print: a, sleep: 1}]', /exactly one action/],
    ['do: [{}]', /exactly one action/],
    ['do: [{teleport: x}]', /teleport/],
    ['do: [{write: {path: a}}]', /exactly one of text and file/],
    ['do: [{write: {path: a, text: b, file: c}}]', /exactly one of text and file/],
    ['do: [{chmod: {path: a, mode: 999}}]', /octal mode/],
    ['do: [{run: {argv: []}}]', /argv/],
    ['match: {role: deployer}', /match\.role/],
  ])('%s is refused with its place', (yaml, reason) => {
    expect(oneStep(yaml)).toMatch(reason);
  });

  it('law: whatever the text is, parsing answers and does not throw', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => typeof parseScenario(text).ok === 'boolean'));
    expect(parseScenario('\0').ok).toBe(false);
  });
});

describe('matching', () => {
  const occasion: Occasion = {
    item: 'ET-12',
    role: 'developer',
    stage: 'development',
    round: 2,
    attempt: 1,
    repair: 0,
  };
  it.each([
    ['match: {}', true],
    ['match: {role: developer}', true],
    ['match: {role: developer, round: 2, repair: 0, attempt: 1, stage: development, item: ET-12}', true],
    ['match: {round: 1}', false],
    ['match: {role: developer, repair: 1}', false],
    ['match: {item: ET-1}', false],
    ['match: {attempt: 2}', false],
  ])('%s for round 2 of the developer: %s', (yaml, expected) => {
    expect(matchesStep(stepOf(yaml), occasion)).toBe(expected);
  });
});
