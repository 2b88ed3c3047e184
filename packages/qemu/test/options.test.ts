import { ArgumentError, type TapBackend } from '@netloom/core';
import { describe, expect, test } from 'vitest';
import { launchQemu, type QemuOptions } from '../src/index.js';
import { children, failure } from './guests.js';

const tap: TapBackend = { type: 'tap', ifname: 'tap0', fds: [11], vhostFds: [], vnetHeader: true };

const BAD: [what: string, options: unknown, field: string, words: RegExp][] = [
  ['a misspelt option', { initird: '/x' }, 'initird', /did you mean 'initrd'\?/],
  ['an option that nothing resembles', { colour: 1 }, 'colour', /known: name, binary/],
  ['options that are no object', 'vm', 'options', /an object is expected/],
  ['a name with a comma', { name: 'a,b' }, 'name', /'a,b' does not match/],
  ['a name that is too long', { name: 'x'.repeat(65) }, 'name', /does not match/],
  ['a machine with options', { machine: 'q35,accel=kvm' }, 'machine', /does not match/],
  ['an unknown accelerator', { accel: 'hvf' }, 'accel', /none of auto, kvm, tcg/],
  ['memory as a number', { memory: 512 }, 'memory', /'512M'/],
  ['memory without a unit', { memory: '512' }, 'memory', /1M to 16384G/],
  ['no memory', { memory: '0M' }, 'memory', /1M to 16384G/],
  ['half a CPU', { smp: 1.5 }, 'smp', /whole number from 1 to 255/],
  ['a kernel that is not there', { kernel: '/nonexistent/vmlinuz' }, 'kernel', /ENOENT/],
  ['a kernel that is a folder', { kernel: '/tmp' }, 'kernel', /directory/],
  ['an initrd without a kernel', { initrd: '/etc/hostname' }, 'initrd', /only with a kernel/],
  ['append without a kernel', { append: 'quiet' }, 'append', /only with a kernel/],
  ['nics that are no list', { nics: tap }, 'nics', /not an array/],
  ['a misspelt NIC option', { nics: [{ backend: tap, mca: '' }] }, 'nics[0].mca', /did you mean 'mac'\?/],
  ['a NIC without a back-end', { nics: [{}] }, 'nics[0].backend', /createTap/],
  ['a closed TAP', { nics: [{ backend: { ...tap, fds: [] } }] }, 'nics[0].backend.fds', /closed/],
  [
    'two queues, one vhost',
    { nics: [{ backend: { ...tap, fds: [8, 9], vhostFds: [10] } }] },
    'nics[0].backend.vhostFds',
    /one for each/,
  ],
  ['five bytes of MAC', { nics: [{ backend: tap, mac: '52:54:00:00:01' }] }, 'nics[0].mac', /six bytes/],
  ['a multicast MAC', { nics: [{ backend: tap, mac: '53:54:00:00:00:01' }] }, 'nics[0].mac', /unicast/],
  ['one TAP for two cards', { nics: [{ backend: tap }, { backend: tap }] }, 'nics[1].backend', /another/],
  ['a MTU under 68', { nics: [{ backend: tap, hostMtu: 60 }] }, 'nics[0].hostMtu', /68 to 65535/],
  ['root ports on i440fx', { machine: 'pc', hotplugPorts: 2 }, 'hotplugPorts', /q35/],
  ['a console of the wrong type', { console: 7 }, 'console', /path nor a writable/],
  ['a console in no folder', { console: '/nonexistent/log' }, 'console', /ENOENT/],
  ['a zero byte in an argument', { extraArgs: ['a\0b'] }, 'extraArgs[0]', /zero byte/],
  ['a foreign owner mark', { owner: 'qmp' }, 'owner', /does not match/],
  ['a negative grace', { shutdown: { quit: -1 } }, 'shutdown.quit', /0 to 86400/],
  ['a misspelt stage', { shutdown: { powredown: 1 } }, 'shutdown.powredown', /'powerdown'/],
  ['a signal that is none', { signal: {} }, 'signal', /AbortSignal/],
];

describe('a bad option is refused before anything starts', () => {
  test.each(BAD)('%s', async (_what, options, field, words) => {
    const error = await failure(launchQemu(options as QemuOptions));
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as ArgumentError).field).toBe(field);
    expect((error as ArgumentError).message).toMatch(words);
    expect(children()).toEqual([]);
  });

  test('two NICs with one address', async () => {
    const nic = { backend: tap, mac: '52:54:00:00:00:01' };
    const error = await failure(launchQemu({ nics: [nic, { ...nic, mac: '52:54:00:00:00:01' }] }));
    expect((error as ArgumentError).field).toBe('nics[1].mac');
  });
});
