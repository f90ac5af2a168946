import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorText } from '../base/errors.ts';
import { OLDEST_GIT, OLDEST_NODE } from '../base/requirements.ts';
import type { ShellPort, ShellResult } from '../ports/shell.ts';
import type { Finding, Probe } from './doctor-report.ts';

const DISK_PCT = 85;
const INODE_PCT = 90;
const PROGRAM_TIMEOUT_MS = 30_000;

/** Probes of the machine this runs on. spec: O-RUN-1, O-RUN-2, O-RUN-6 */
export function runnerProbes(shell: ShellPort, folder: string, path: string): readonly Probe[] {
  const env = { PATH: path, HOME: folder };
  const start = (argv: readonly string[], input = ''): Promise<ShellResult> =>
    shell.run({ argv, cwd: '/', env, timeoutMs: PROGRAM_TIMEOUT_MS, graceMs: 1_000, input });
  return [
    {
      id: 'O-RUN-1',
      area: 'runner',
      expected: `node >= ${OLDEST_NODE} on PATH`,
      why: 'the runner starts every action with the node it finds on PATH, whatever the action asks for',
      run: async () => judgeNode(await start(['node', '--version'])),
    },
    {
      id: 'O-RUN-2',
      area: 'runner',
      expected: `git >= ${OLDEST_GIT.join('.')} with patch-id --verbatim and merge-tree --write-tree`,
      why: 'patch-id --verbatim, merge-tree --write-tree',
      run: () => judgeGit(start),
    },
    {
      id: 'O-RUN-6',
      area: 'runner',
      expected: `work folder writable, disk < ${DISK_PCT} %, inodes < ${INODE_PCT} %`,
      why: 'every stage exports a work tree and writes its reports there',
      run: () => judgeFolder(folder),
    },
  ];
}

function judgeNode(answer: ShellResult): Finding {
  const fix = `install Node ${OLDEST_NODE} or newer and put it first on the PATH of the runner's service`;
  if (answer.ended === 'spawn') return { result: 'fail', actual: 'no node on PATH', fix };
  const major = Number(/^v(\d+)\./.exec(answer.stdout)?.[1] ?? Number.NaN);
  if (answer.code !== 0 || Number.isNaN(major))
    return { result: 'fail', actual: `node --version answered: ${firstLine(answer)}`, fix };
  const actual = `node ${answer.stdout.trim()}`;
  return major >= OLDEST_NODE ? { result: 'pass', actual } : { result: 'fail', actual, fix };
}

async function judgeGit(start: (argv: readonly string[], input?: string) => Promise<ShellResult>): Promise<Finding> {
  const fix = `install git ${OLDEST_GIT.join('.')} or newer on this runner`;
  const version = await start(['git', '--version']);
  if (version.ended === 'spawn') return { result: 'fail', actual: 'no git on PATH', fix };
  const found = /git version (\d+)\.(\d+)/.exec(version.stdout);
  if (found === null) return { result: 'fail', actual: `git --version answered: ${firstLine(version)}`, fix };
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const actual = version.stdout.trim();
  const [oldestMajor, oldestMinor] = OLDEST_GIT;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) return { result: 'fail', actual, fix };
  const patchId = await start(
    ['git', 'patch-id', '--verbatim'],
    'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+x\n',
  );
  if (!/^[0-9a-f]{40}/.test(patchId.stdout))
    return { result: 'fail', actual: `${actual}, patch-id --verbatim: ${firstLine(patchId)}`, fix };
  const mergeTree = await start(['git', 'merge-tree', '-h']);
  if (!mergeTree.output.includes('--write-tree'))
    return { result: 'fail', actual: `${actual}, without merge-tree --write-tree`, fix };
  return { result: 'pass', actual };
}

async function judgeFolder(folder: string): Promise<Finding> {
  try {
    await mkdir(folder);
    try {
      await writeFile(join(folder, 'probe'), 'x');
    } finally {
      await rm(folder, { recursive: true });
    }
  } catch (thrown) {
    return {
      result: 'fail',
      actual: errorText(thrown),
      fix: `make the folder writable for the user of the runner: chown -R "$(id -u)" "${dirname(folder)}"`,
    };
  }
  const disk = await statfs(dirname(folder));
  const used = (total: number, free: number) => (total === 0 ? 0 : Math.round(100 * (1 - free / total)));
  const space = used(disk.blocks, disk.bavail);
  const inodes = used(disk.files, disk.ffree);
  const actual = `disk ${space} % used, inodes ${inodes} %`;
  if (space < DISK_PCT && inodes < INODE_PCT) return { result: 'pass', actual };
  return { result: 'fail', actual, fix: `free space on the disk of ${folder}, old work trees and caches first` };
}

const firstLine = (answer: ShellResult) =>
  answer.output.trim().split('\n')[0] || `nothing (${answer.ended ?? `exit ${answer.code}`})`;
