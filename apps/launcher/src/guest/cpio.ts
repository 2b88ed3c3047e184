// The "newc" archive of cpio: what the kernel unpacks as its initramfs
// (Documentation/driver-api/early-userspace/buffer-format.rst).

export type CpioEntry =
  | { path: string; type: 'file'; mode?: number; data: Uint8Array | string }
  | { path: string; type: 'directory'; mode?: number }
  | { path: string; type: 'symlink'; target: string }
  | { path: string; type: 'character-device'; mode?: number; major: number; minor: number };

const KIND = { file: 0o100000, directory: 0o040000, symlink: 0o120000, 'character-device': 0o020000 };
const TRAILER = 'TRAILER!!!';

/**
 * Packs entries into one archive. The same entries give the same bytes: sorted by path, owned by root,
 * dated 0. Parent directories that are not listed are added, because the kernel makes none by itself.
 */
export function packCpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  let inode = 1;
  for (const entry of withParents(entries)) {
    const content = contentOf(entry);
    const mode =
      KIND[entry.type] | ('mode' in entry && entry.mode !== undefined ? entry.mode : defaultMode(entry));
    const device = entry.type === 'character-device' ? entry : { major: 0, minor: 0 };
    const links = entry.type === 'directory' ? 2 : 1;
    parts.push(
      header(entry.path, [inode, mode, 0, 0, links, 0, content.length, 0, 0, device.major, device.minor]),
    );
    parts.push(content, padding(content.length));
    inode += 1;
  }
  parts.push(header(TRAILER, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  return Buffer.concat(parts);
}

function withParents(entries: readonly CpioEntry[]): CpioEntry[] {
  const byPath = new Map<string, CpioEntry>();
  for (const entry of entries) {
    const path = entry.path.replace(/^\/+/, '');
    if (byPath.has(path)) throw new RangeError(`two entries of the archive are named ${path}`);
    byPath.set(path, { ...entry, path });
  }
  const listed = [...byPath.keys()];
  for (const path of listed) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at);
      if (!byPath.has(parent)) byPath.set(parent, { path: parent, type: 'directory' });
    }
  }
  // A directory's path is a prefix of its children's, so that this order puts it before them.
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function contentOf(entry: CpioEntry): Buffer {
  if (entry.type === 'file') return Buffer.from(entry.data);
  return Buffer.from(entry.type === 'symlink' ? entry.target : '');
}

function defaultMode(entry: CpioEntry): number {
  if (entry.type === 'symlink') return 0o777;
  return entry.type === 'directory' ? 0o755 : 0o644;
}

/** `fields` from inode to rdevminor; the length of the name and the unused checksum are added here. */
function header(path: string, fields: readonly number[]): Buffer {
  const name = Buffer.from(`${path}\0`);
  const numbers = [...fields, name.length, 0].map((value) => value.toString(16).padStart(8, '0'));
  const text = Buffer.from(`070701${numbers.join('')}`);
  return Buffer.concat([text, name, padding(text.length + name.length)]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
