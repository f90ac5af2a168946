import type { Source } from './sources.ts';

const LONGEST = 300;
const CODE = /\.(ts|mjs|go)$/;
/** Recorded bytes of an outside server are kept as they came. */
const RECORDED = /^tests\/support\/plane\/(api|webhooks)\//;

/** Files over 300 lines (tests apart: they are lists) want a reason in one of their first three lines: a comment with "One file because …" or "on purpose". */
export function tooLong({ path, text }: Source): string[] {
  const lines = text.split('\n').length - 1;
  if (!CODE.test(path) || path.endsWith('.test.ts') || lines <= LONGEST) return [];
  const reason = text
    .split('\n')
    .slice(0, 3)
    .some((line) => /^\s*(\/\/|\/\*|\*).*\b(one file because|on purpose)\b/i.test(line));
  return reason
    ? []
    : [`${path}: ${lines} lines: cut it, or say why in the first three lines ("One file because …" or "on purpose")`];
}

/** Folders of the machine a file was written on; `~` and /tmp are everybody's. */
const MACHINE = new RegExp(
  `(^|[^A-Za-z0-9_.])/(${['work', 'farm', 'root', 'home/[a-z]+', 'Users/[A-Za-z]+'].join('|')})/`,
);
/** Servers that packages come from; which one is used is the business of each machine. */
const REGISTRY = new RegExp(
  ['npmjs', 'yarnpkg', 'jfrog', 'nexus', 'artifactory', 'verdaccio']
    .map((host) => `\\b[a-z.-]*${host}[a-z0-9.-]*\\.(org|com|io|net|local)\\b`)
    .join('|'),
  'i',
);
const SWITCHED_OFF = new RegExp(`\\b(it|test|describe)\\.${'(skip|todo|only)'}\\b`);
const EXPECTED_NAMES: Readonly<Record<string, RegExp>> = { machine: MACHINE, registry: REGISTRY };

/** Lines that only make sense on the machine that wrote them. */
export function foreignTraces({ path, text }: Source): string[] {
  if (RECORDED.test(path)) return [];
  return text.split('\n').flatMap((line, index) =>
    Object.entries(EXPECTED_NAMES)
      .filter(([, pattern]) => pattern.test(line))
      .map(([what]) => `${path}:${index + 1}: ${what}: ${line.trim().slice(0, 120)}`),
  );
}

/** Tests that never run. Conditional ones (skipIf, runIf) say why at run time and fail in CI. */
export function switchedOffTests({ path, text }: Source): string[] {
  if (!path.endsWith('.ts')) return [];
  return text
    .split('\n')
    .flatMap((line, index) => (SWITCHED_OFF.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}
