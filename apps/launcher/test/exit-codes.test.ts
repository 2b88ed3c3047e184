import { ArgumentError, NetlinkError, NetloomError } from '@netloom/core';
import { describe, expect, test } from 'vitest';
import { EXIT, exitCodeOf } from '../src/exit-codes.js';

describe('the exit code', () => {
  test.each([
    ['a right', new NetlinkError('EPERM', 1, 'cannot create bridge: not permitted')],
    ['a right on a file', new NetloomError('EACCES', 'cannot open a file')],
    ['QEMU', new NetloomError('ERR_NETLOOM_QEMU_NOT_FOUND', 'cannot launch qemu', { field: 'binary' })],
    ['the addon', new NetloomError('ERR_NETLOOM_NATIVE', 'cannot load')],
    ['Linux', new NetloomError('ERR_NETLOOM_PLATFORM', 'cannot run here')],
    ['/dev/net/tun', new NetloomError('ENOENT', 'cannot create TAP', { field: '/dev/net/tun' })],
    ['a driver', new NetloomError('ENODEV', 'cannot create TAP', { field: '/dev/net/tun' })],
  ])('is 3 when %s is missing', (_, error) => {
    expect(exitCodeOf(error)).toBe(EXIT.prerequisite);
    expect(EXIT.prerequisite).toBe(3);
  });

  test('is 2 for an argument that means nothing', () => {
    expect(exitCodeOf(new ArgumentError('count', '0 is too little'))).toBe(2);
  });

  test('is 6 for a wait that ran out', () => {
    expect(exitCodeOf(new NetloomError('ERR_NETLOOM_TIMEOUT', 'cannot wait', { field: 'console' }))).toBe(6);
  });

  test.each([
    ['a refusal of the kernel', new NetlinkError('EEXIST', 17, 'cannot create bridge: file exists')],
    ['a missing file of another kind', new NetloomError('ENOENT', 'cannot open', { field: 'name' })],
    ['a QEMU that went', new NetloomError('ERR_NETLOOM_QEMU_EXITED', 'cannot use VM')],
    ['a bug', new TypeError('x is not a function')],
    ['anything at all', 'a string'],
    ['nothing', undefined],
  ])('is 1 for %s', (_, error) => {
    expect(exitCodeOf(error)).toBe(EXIT.failed);
  });
});
