import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { packCpio, type CpioEntry } from '../src/guest/cpio.js';

const ENTRIES: CpioEntry[] = [
  { path: 'init', type: 'file', mode: 0o755, data: '#!/bin/sh\n' },
  { path: '/dev/console', type: 'character-device', mode: 0o600, major: 5, minor: 1 },
  { path: 'bin/sh', type: 'symlink', target: 'busybox' },
  { path: 'bin/busybox', type: 'file', mode: 0o755, data: new Uint8Array([1, 2, 3, 4, 5]) },
  { path: 'proc', type: 'directory', mode: 0o555 },
  { path: 'empty', type: 'file', data: '' },
];

interface Read {
  path: string;
  mode: string;
  size: number;
  mtime: number;
  device: string;
  text: string;
}

/** Reads by the documented offsets, apart from the writer's code: thirteen hex fields of eight after the magic. */
function readCpio(archive: Buffer): Read[] {
  const entries: Read[] = [];
  for (let at = 0; ; ) {
    expect(at % 4).toBe(0);
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const path = archive.toString('utf8', at + 110, at + 110 + field(11) - 1);
    const start = (at + 110 + field(11) + 3) & ~3;
    const size = field(6);
    if (path === 'TRAILER!!!') return entries;
    const device = `${field(9)}:${field(10)}`;
    const text = archive.toString('latin1', start, start + size);
    entries.push({ path, mode: field(1).toString(8), size, mtime: field(5), device, text });
    at = (start + size + 3) & ~3;
  }
}

describe('the cpio archive', () => {
  it('is read back entry by entry, sorted, parents first', () => {
    const read = readCpio(Buffer.from(packCpio(ENTRIES)));
    expect(read.map(({ path, mode }) => `${mode} ${path}`)).toEqual([
      '40755 bin',
      '100755 bin/busybox',
      '120777 bin/sh',
      '40755 dev',
      '20600 dev/console',
      '100644 empty',
      '100755 init',
      '40555 proc',
    ]);
    expect(read.every(({ mtime }) => mtime === 0)).toBe(true);
    expect(read[1]?.text).toBe('\u0001\u0002\u0003\u0004\u0005');
    expect(read[2]?.text).toBe('busybox');
    expect(read[4]?.device).toBe('5:1');
    expect(read[6]?.text).toBe('#!/bin/sh\n');
  });

  it('does not depend on the order of its entries', () => {
    expect(packCpio(ENTRIES.toReversed())).toEqual(packCpio(ENTRIES));
  });

  it('refuses two entries of one name', () => {
    expect(() => packCpio([...ENTRIES, { path: '/init', type: 'directory' }])).toThrow(/named init/);
  });

  it('is listed by cpio', () => {
    const args = ['-t', '--quiet'];
    const { stdout, status } = spawnSync('cpio', args, { input: packCpio(ENTRIES), encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout.replaceAll('/\n', '\n').trim().split('\n')).toEqual([
      'bin',
      'bin/busybox',
      'bin/sh',
      'dev',
      'dev/console',
      'empty',
      'init',
      'proc',
    ]);
  });
});
