import { spawn } from 'node:child_process';
import { ExternalError } from '../../base/errors.ts';

export interface GitResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}
export interface GitRun {
  readonly input?: Buffer | string;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are answers, not failures. Default [0]. */
  readonly answers?: readonly number[];
  readonly timeoutMs?: number;
}
/** Runs git with the hermetic environment of one clone. Throws ExternalError GIT_FAILED / GIT_MISSING / GIT_TIMEOUT. */
export type RunGit = (args: readonly string[], options?: GitRun) => Promise<GitResult>;

/** Names of the caller's environment that git needs to reach a remote; nothing else passes. */
export const GIT_ENV_PASSED = [
  'PATH',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
] as const;

const CONFIG: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.autocrlf', 'false'],
  ['core.quotePath', 'false'],
  ['protocol.ext.allow', 'never'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['fetch.writeCommitGraph', 'false'],
  ['http.followRedirects', 'false'],
  ['advice.diverging', 'false'],
  ['transfer.fsckObjects', 'false'],
];

/**
 * Environment in which no configuration, hook, prompt or credential of the machine or of a branch takes part.
 * The token travels here and nowhere else: not in arguments, files or the remote's address. spec: AG-APP-1, AG-APP-6
 */
export function gitEnvironment(
  callers: Readonly<Record<string, string | undefined>>,
  dir: string,
  token: string | null,
  settings: readonly (readonly [string, string])[] = [],
): Record<string, string> {
  const env: Record<string, string> = {
    GIT_DIR: dir,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    HOME: dir,
    LC_ALL: 'C',
    TZ: 'UTC',
  };
  for (const name of GIT_ENV_PASSED) {
    const value = callers[name];
    if (value !== undefined) env[name] = value;
  }
  const config = [...CONFIG, ...settings];
  if (token !== null)
    config.push(['http.extraHeader', `Authorization: Basic ${Buffer.from(`conveyor:${token}`).toString('base64')}`]);
  env['GIT_CONFIG_COUNT'] = String(config.length);
  config.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return env;
}

/**
 * @param redact removes secrets from git's messages before they reach an error text.
 * @param onRun is told how long each git process took, in milliseconds.
 */
export function createRunGit(
  base: Readonly<Record<string, string>>,
  redact: (text: string) => string,
  onRun: (ms: number) => void = () => {},
): RunGit {
  return (args, options = {}) =>
    new Promise((resolve, reject) => {
      const started = performance.now();
      const child = spawn('git', args, { env: { ...base, ...options.env }, stdio: ['pipe', 'pipe', 'pipe'] });
      const stdout: Buffer[] = [];
      let stderr = '';
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        child.kill('SIGKILL');
      }, options.timeoutMs ?? 120_000);
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => {
        if (stderr.length < 65_536) stderr += chunk.toString();
      });
      // EPIPE when git ends early: its exit code and stderr say why.
      child.stdin.on('error', () => {});
      child.on('error', (cause) => {
        clearTimeout(timer);
        reject(
          new ExternalError(
            'GIT_MISSING',
            `git did not start (${cause.message}): install git 2.39 or newer`,
            { retryable: false },
            { cause },
          ),
        );
      });
      child.on('close', (code) => {
        clearTimeout(timer);
        onRun(performance.now() - started);
        const verb = args.find((arg) => !arg.startsWith('-')) ?? 'git';
        if (timedOut)
          reject(
            new ExternalError(
              'GIT_TIMEOUT',
              `git ${verb} did not answer in ${(options.timeoutMs ?? 120_000) / 1000} s`,
            ),
          );
        else if (code !== null && (options.answers ?? [0]).includes(code))
          resolve({ code, stdout: Buffer.concat(stdout), stderr });
        else
          reject(
            new ExternalError(
              'GIT_FAILED',
              `git ${verb} ended with ${code ?? 'a signal'}: ${redact(stderr.trim().slice(-2000))}`,
            ),
          );
      });
      child.stdin.end(options.input ?? '');
    });
}
