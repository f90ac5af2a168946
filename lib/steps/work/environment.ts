import { isAbsolute, relative, resolve } from 'node:path';
import { refusedVariables } from '../../base/variable-names.ts';

/** Passed as they are when the runner has them. */
const PASSED = ['LANG', 'LC_ALL', 'TZ', 'SHELL', 'USER', 'LOGNAME', 'CONVEYOR_RUN_MARK'];
/** Certificates and proxies of the installation. */
const NETWORK = [
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

export interface EnvironmentRequest {
  /** Environment of our own process; only allow-listed names of it pass. */
  readonly source: Readonly<Record<string, string | undefined>>;
  /** Private absolute folders. */
  readonly home: string;
  readonly tmp: string;
  readonly workdir: string;
  /** Facts the agent may know about itself. */
  readonly item: string;
  readonly stage: string;
  readonly role: string;
  /** `agents.env_pass`. */
  readonly pass: readonly string[];
  /** `agents.command.env`: credential names of the agent program; none for tests, builds and other branch code. */
  readonly credentials: readonly string[];
}
export type EnvironmentResult =
  | { readonly ok: true; readonly env: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly errors: readonly string[] };

/**
 * The whole environment of an agent or of branch code: an allow-list, without any token of the forge, the runner or
 * ours, whatever the configuration asks for. Refused names are errors, absent ones are left out. spec: AG-SEC-1…3
 */
export function renderEnvironment(request: EnvironmentRequest): EnvironmentResult {
  const { source } = request;
  const errors = refusedVariables(request);
  if (errors.length > 0) return { ok: false, errors };
  const env: Record<string, string> = {
    PATH: renderPath(source['PATH'] ?? '', request.workdir),
    HOME: request.home,
    TMPDIR: request.tmp,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    CI: 'true',
    CONVEYOR_ITEM: request.item,
    CONVEYOR_STAGE: request.stage,
    CONVEYOR_ROLE: request.role,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
  };
  for (const name of [...PASSED, ...NETWORK, ...request.pass, ...request.credentials]) {
    const value = source[name];
    if (value !== undefined && value !== '' && !OWN.has(name)) env[name] = value;
  }
  return { ok: true, env };
}

/** Set by us; a listed name of the runner does not replace them. */
const OWN: ReadonlySet<string> = new Set(['PATH', 'HOME', 'TMPDIR', 'TERM', 'CI']);
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Absolute entries outside the work tree, each once: branch code must not choose which git or node we start. */
function renderPath(path: string, workdir: string): string {
  const outside = path.split(':').filter((entry) => isAbsolute(entry) && !isInside(entry, workdir));
  return outside.length === 0 ? SYSTEM_PATH : [...new Set(outside)].join(':');
}

function isInside(path: string, folder: string): boolean {
  const way = relative(resolve(folder), resolve(path));
  return way === '' || (way !== '..' && !way.startsWith('../') && !isAbsolute(way));
}
