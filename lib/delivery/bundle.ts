import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, readlink, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ShellPort } from '../ports/shell.ts';
import type { TarMember } from './tar.ts';
import { TAR_END, tarHeader, tarPadding } from './tar.ts';

export interface BuildSpec {
  /** Absolute folder with the exported code tree: tracked files only, no .git. The build works in it. */
  readonly folder: string;
  /** Configured command and output folder (`deploy.artifact`). */
  readonly build: string;
  readonly output: string;
  readonly commit: string;
  readonly codeTree: string;
  readonly commitTime: Date;
  /** Allow-listed environment for branch code. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Absolute path of the artifact to write. */
  readonly file: string;
}

export type BuildResult =
  | { readonly ok: true; readonly digest: string; readonly size: number; readonly log: string }
  /** `build-failed`: the command said no, a fault of the code. `infra`: it could not be run to its end. */
  | { readonly ok: false; readonly reason: 'build-failed' | 'infra'; readonly text: string; readonly log: string };

/**
 * Runs the build command in the exported tree and packs its output folder. Never throws for what the build does; a
 * build that needs an untracked path fails here. Fails also when the output is empty. spec: D-ART-1, D-ART-2
 */
export async function buildBundle(spec: BuildSpec, shell: ShellPort): Promise<BuildResult> {
  const output = path.join(spec.folder, spec.output);
  const ran = await shell.run({
    argv: ['bash', '-euo', 'pipefail', '-c', spec.build],
    cwd: spec.folder,
    env: {
      ...spec.env,
      CONVEYOR_REVISION: spec.commit,
      CONVEYOR_CODE_TREE: spec.codeTree,
      CONVEYOR_OUTPUT: output,
    },
    timeoutMs: spec.timeoutMs,
    graceMs: spec.graceMs,
  });
  const log = ran.output;
  if (ran.ended !== null || ran.code === null) {
    const why =
      ran.ended === 'timeout' ? `did not end in ${spec.timeoutMs / 1000} s` : `was ended (${ran.ended ?? ran.signal})`;
    return { ok: false, reason: 'infra', text: `the build ${why}`, log };
  }
  // 128 + signal: something was killed, most often for want of memory.
  if (ran.code === 137 || ran.code === 143)
    return { ok: false, reason: 'infra', text: `the build was killed (exit ${ran.code})`, log };
  if (ran.code !== 0) return { ok: false, reason: 'build-failed', text: `the build ended with ${ran.code}`, log };
  const packed = await packFolder(output, spec.commitTime, spec.file);
  return packed.ok ? { ...packed, log } : { ok: false, reason: 'build-failed', text: packed.text, log };
}

/**
 * Packs a folder as tar.gz: sorted names, owner 0, every time = `at`, gzip without name or time. The same content gives
 * the same digest on every machine of one zlib. Written under a temporary name, then renamed. spec: D-ART-2
 */
export async function packFolder(
  folder: string,
  at: Date,
  file: string,
): Promise<{ ok: true; digest: string; size: number } | { ok: false; text: string }> {
  const listed = await listMembers(folder);
  if (typeof listed === 'string') return { ok: false, text: listed };
  if (!listed.some(({ kind }) => kind !== 'folder'))
    return { ok: false, text: `the output folder ${path.basename(folder)} is empty` };
  const mtime = Math.floor(at.getTime() / 1000);
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.tmp`;
  try {
    await pipeline(
      Readable.from(archive(folder, listed, mtime)),
      createGzip({ level: 9 }),
      measure,
      createWriteStream(temporary),
    );
    await rename(temporary, file);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
  return { ok: true, digest: `sha256:${hash.digest('hex')}`, size };
}

async function* archive(folder: string, members: readonly TarMember[], mtime: number): AsyncGenerator<Buffer> {
  for (const member of members) {
    yield tarHeader(member, mtime);
    if (member.kind !== 'file') continue;
    let sent = 0;
    for await (const chunk of createReadStream(path.join(folder, member.path)) as AsyncIterable<Buffer>) {
      sent += chunk.length;
      yield chunk;
    }
    if (sent !== member.size)
      throw new Error(`${member.path} changed its size while it was packed: ${member.size} → ${sent} bytes`);
    yield tarPadding(sent);
  }
  yield TAR_END;
}

/** Members sorted by path, byte by byte, folders before their content; a text says what cannot be packed. */
async function listMembers(folder: string): Promise<TarMember[] | string> {
  const members: TarMember[] = [];
  const visit = async (below: string): Promise<string | null> => {
    for (const name of await readdir(path.join(folder, below))) {
      const relative = below === '' ? name : `${below}/${name}`;
      const stat = await lstat(path.join(folder, relative));
      const plain = { path: relative, executable: false, size: 0, linkTarget: '' };
      if (stat.isDirectory()) {
        members.push({ ...plain, path: `${relative}/`, kind: 'folder' });
        const fault = await visit(relative);
        if (fault !== null) return fault;
      } else if (stat.isSymbolicLink()) {
        const linkTarget = await readlink(path.join(folder, relative));
        const end = path.normalize(path.join(path.dirname(relative), linkTarget));
        if (path.isAbsolute(linkTarget) || end === '..' || end.startsWith('../'))
          return `${relative} is a symbolic link out of the output folder (${linkTarget}): ship the file itself`;
        members.push({ ...plain, kind: 'symlink', linkTarget });
      } else if (stat.isFile()) {
        members.push({ ...plain, kind: 'file', executable: (stat.mode & 0o111) !== 0, size: stat.size });
      } else {
        return `${relative} is neither a file, a folder nor a symbolic link: it cannot be part of an artifact`;
      }
    }
    return null;
  };
  const there = await lstat(folder).catch(() => null);
  if (there === null || !there.isDirectory())
    return `the build left no output folder ${path.basename(folder)}: check deploy.artifact.output`;
  const fault = await visit('');
  return fault ?? members.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}
