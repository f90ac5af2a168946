/** A folder of the product and what it may import from. design §5 */
export interface Layer {
  readonly folder: string;
  /** Folders it may import besides itself. */
  readonly may: readonly string[];
  /** No I/O, no clock, no randomness, no environment. */
  readonly pure: boolean;
  /** Packages and node: modules beyond the common ones. */
  readonly packages: readonly string[];
}

/** Packages that do no I/O of their own: everybody may use them. */
export const COMMON_PACKAGES = [
  'zod',
  'js-yaml',
  'yaml',
  'entities',
  'fastest-levenshtein',
  'picomatch',
  'fflate',
  'fast-xml-parser',
];
/** node: modules without I/O. Of node:crypto the pure folders may use hashes and comparisons. */
export const PURE_NODE = [
  'node:crypto',
  'node:path',
  'node:path/posix',
  'node:buffer',
  'node:util',
  'node:url',
  'node:zlib',
];

const PURE = { pure: true, packages: [] } as const;
const STEPS_MAY = ['base', 'pipeline', 'gates', 'gates/facts', 'artifacts', 'ledger', 'ports', 'delivery', 'report'];
const WIRING = [
  'base',
  'pipeline',
  'gates',
  'gates/facts',
  'artifacts',
  'ledger',
  'ports',
  'adapters',
  'delivery',
  'report',
  'steps',
  'kit',
  'runtime',
];

/**
 * The one table of import directions: base ← pipeline, gates, artifacts ← ledger, ports ← adapters; steps above them;
 * engines, actions, relay and cli wire adapters to steps; nothing imports actions, relay or cli (but the command line
 * starts the relay).
 */
export const LAYERS: readonly Layer[] = [
  { folder: 'lib/base', may: [], ...PURE },
  { folder: 'lib/pipeline', may: ['base'], ...PURE },
  { folder: 'lib/artifacts', may: ['base', 'pipeline'], ...PURE },
  { folder: 'lib/gates', may: ['base', 'pipeline', 'artifacts'], ...PURE },
  {
    folder: 'lib/gates/facts',
    may: ['base', 'pipeline', 'artifacts', 'gates', 'ledger', 'ports'],
    pure: false,
    packages: [],
  },
  { folder: 'lib/report', may: ['base', 'pipeline', 'gates', 'artifacts'], ...PURE },
  { folder: 'lib/ports', may: ['base', 'pipeline', 'artifacts'], ...PURE },
  { folder: 'lib/ledger', may: ['base', 'pipeline', 'artifacts', 'ports'], pure: false, packages: [] },
  { folder: 'lib/delivery', may: ['base', 'pipeline', 'artifacts', 'ports'], pure: false, packages: [] },
  {
    folder: 'lib/adapters',
    may: ['base', 'pipeline', 'artifacts', 'ports'],
    pure: false,
    packages: ['octokit', 'simple-git'],
  },
  { folder: 'lib/steps', may: STEPS_MAY, pure: false, packages: [] },
  { folder: 'lib/kit', may: ['base', 'pipeline'], ...PURE },
  {
    folder: 'lib/runtime',
    may: ['base', 'ports', 'report'],
    pure: false,
    packages: ['@actions/core', '@actions/github'],
  },
  // The composition roots: one per engine.
  { folder: 'lib/engines', may: WIRING, pure: false, packages: [] },
  { folder: 'lib/relay', may: WIRING, pure: false, packages: ['hono', '@hono/node-server'] },
  // The demo's repository is an example that the demo starts from.
  { folder: 'examples', may: ['base', 'pipeline', 'delivery', 'adapters'], pure: false, packages: [] },
  {
    folder: 'lib/cli',
    may: [...WIRING, 'engines', 'relay', 'examples'],
    pure: false,
    packages: ['commander', 'listr2'],
  },
  { folder: 'actions', may: [...WIRING, 'engines'], pure: false, packages: [] },
];

/** The layer a path from the top lies in: the longest folder that contains it; null outside the product. */
export function layerOf(path: string): Layer | null {
  const holders = LAYERS.filter(({ folder }) => path.startsWith(`${folder}/`));
  return holders.sort((a, b) => b.folder.length - a.folder.length)[0] ?? null;
}

/** How the table names a layer in `may`. */
export const layerName = (layer: Layer): string => layer.folder.replace(/^lib\//, '');
