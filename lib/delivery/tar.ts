/** One member of an archive. `path` is relative, with `/`; a folder ends with `/`. */
export interface TarMember {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'symlink';
  readonly executable: boolean;
  /** Bytes; 0 unless it is a file. */
  readonly size: number;
  readonly linkTarget: string;
}

const BLOCK = 512;
/** Two empty blocks end an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** Zero bytes that fill a member up to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

function block(
  name: string,
  member: Pick<TarMember, 'size' | 'linkTarget'>,
  mode: number,
  type: string,
  mtime: number,
): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(member.size, 12), 124);
  header.write(octal(mtime, 12), 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(member.linkTarget, 157, 100);
  header.write('ustar\0' + '00', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/**
 * Header of a member that depends on nothing but path, kind, executable bit, size and `mtime` (seconds): owner 0, modes
 * 755/644. Names over 100 bytes, or not ASCII, and sizes over 8 GiB travel in a pax header. spec: D-ART-2
 */
export function tarHeader(member: TarMember, mtime: number): Buffer {
  const mode = member.kind === 'file' && !member.executable ? 0o644 : 0o755;
  const type = { file: '0', folder: '5', symlink: '2' }[member.kind];
  const plain = (text: string): boolean => /^[\x20-\x7e]{0,100}$/.test(text);
  const records = [
    plain(member.path) ? '' : paxRecord('path', member.path),
    plain(member.linkTarget) ? '' : paxRecord('linkpath', member.linkTarget),
    member.size < 8 ** 11 ? '' : paxRecord('size', String(member.size)),
  ].join('');
  const shown = {
    size: member.size < 8 ** 11 ? member.size : 0,
    linkTarget: plain(member.linkTarget) ? member.linkTarget : 'link',
  };
  const header = block(plain(member.path) ? member.path : 'member', shown, mode, type, mtime);
  if (records === '') return header;
  const size = Buffer.byteLength(records);
  return Buffer.concat([
    block('pax', { size, linkTarget: '' }, 0o644, 'x', mtime),
    Buffer.from(records),
    tarPadding(size),
    header,
  ]);
}
