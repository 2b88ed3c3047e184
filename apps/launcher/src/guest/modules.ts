import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { NetloomError } from '@netloom/core';

/** What the guest asks for; what these need in turn is found in the modules themselves. */
export const GUEST_MODULES = ['virtio_pci', 'virtio_net', 'button', 'evdev'] as const;

export interface KernelModule {
  name: string;
  /** Absolute path of the `.ko` file. */
  path: string;
}

/**
 * The modules to load, in an order in which `insmod` succeeds. `folder` is `lib/modules/VERSION` of an
 * unpacked kernel package: there is no `modules.dep` in it (depmod makes that when it is installed), so
 * the dependencies are read from each file's `.modinfo` section. What is built in is left out.
 */
export async function modulesToLoad(folder: string, wanted: readonly string[]): Promise<KernelModule[]> {
  const files = await moduleFiles(folder);
  const builtin = new Set(
    (await readFile(join(folder, 'modules.builtin'), 'utf8')).split('\n').map(moduleName),
  );
  return loadOrder(wanted, async (name) => {
    if (builtin.has(name)) return undefined;
    const path = files.get(name);
    if (path === undefined) {
      throw new NetloomError('ERR_NETLOOM_GUEST', `cannot build the guest: its kernel has no module ${name}`);
    }
    return { path, depends: moduleDepends(await readFile(path)) };
  });
}

/** Depth first, dependencies before dependents, in the order in which `.modinfo` lists them. */
export async function loadOrder(
  wanted: readonly string[],
  find: (name: string) => Promise<{ path: string; depends: readonly string[] } | undefined>,
): Promise<KernelModule[]> {
  const ordered: KernelModule[] = [];
  const visited = new Set<string>();
  async function visit(name: string): Promise<void> {
    if (visited.has(name)) return;
    visited.add(name);
    const found = await find(name);
    if (found === undefined) return;
    for (const dependency of found.depends) await visit(moduleName(dependency));
    ordered.push({ name, path: found.path });
  }
  for (const name of wanted) await visit(moduleName(name));
  return ordered;
}

/** The `depends=` words of a module: an ELF64 object whose `.modinfo` is a row of NUL-ended `key=value`. */
export function moduleDepends(object: Buffer): string[] {
  for (const pair of section(object, '.modinfo').toString('latin1').split('\0')) {
    if (pair.startsWith('depends=')) return pair.slice('depends='.length).split(',').filter(Boolean);
  }
  return [];
}

function section(object: Buffer, name: string): Buffer {
  if (object.length < 64 || object.readUInt32BE(0) !== 0x7f454c46 || object[4] !== 2) {
    throw new NetloomError('ERR_NETLOOM_GUEST', 'cannot read a kernel module: it is not a 64-bit ELF object');
  }
  const table = Number(object.readBigUInt64LE(0x28));
  const [entrySize, count, namesIndex] = [0x3a, 0x3c, 0x3e].map((at) => object.readUInt16LE(at)) as [
    number,
    number,
    number,
  ];
  const at = (index: number) => {
    const header = table + index * entrySize;
    const offset = Number(object.readBigUInt64LE(header + 0x18));
    return object.subarray(offset, offset + Number(object.readBigUInt64LE(header + 0x20)));
  };
  const names = at(namesIndex);
  for (let index = 0; index < count; index += 1) {
    const start = object.readUInt32LE(table + index * entrySize);
    if (names.toString('latin1', start, names.indexOf(0, start)) === name) return at(index);
  }
  return Buffer.alloc(0);
}

async function moduleFiles(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(join(folder, 'kernel'), { recursive: true, withFileTypes: true })) {
    if (entry.name.endsWith('.ko')) files.set(moduleName(entry.name), join(entry.parentPath, entry.name));
  }
  return files;
}

/** The kernel takes `-` and `_` in the name of a module for the same. */
function moduleName(file: string): string {
  return basename(file, '.ko').replaceAll('-', '_');
}
