import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { NetloomError } from '@netloom/core';

/** Absolute path of a program, as a shell would find it. Throws `ERR_NETLOOM_QEMU_NOT_FOUND`. */
export function findBinary(name: string, path: string = process.env['PATH'] ?? ''): string {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const candidates = name.includes('/')
    ? [resolve(name)]
    : folders.map((folder) => resolve(join(folder, name)));
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  const where = name.includes('/') ? 'no such program' : 'not in PATH';
  throw new NetloomError('ERR_NETLOOM_QEMU_NOT_FOUND', `cannot launch ${name}: ${where}`, {
    field: 'binary',
    hint: 'on Debian: apt-get install qemu-system-x86',
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
