import type { TapBackend } from '@netloom/core';
import { describe, expect, test } from 'vitest';
import { qemuCommand, shellLine } from '../src/command-line.js';
import { checkQemuOptions } from '../src/config.js';
import type { QemuOptions } from '../src/index.js';

const command = (options: QemuOptions) => qemuCommand(checkQemuOptions(options));
const line = (options: QemuOptions): string => command(options).args.join(' ');
const tap = (fds: number[], vhostFds: number[] = []): TapBackend => ({
  type: 'tap',
  ifname: 'tap0',
  fds,
  vhostFds,
  vnetHeader: true,
});

describe('the command line', () => {
  test('of no options at all', () => {
    expect(command({})).toEqual({
      fds: [],
      args: [
        ['-name', 'guest=vm,debug-threads=on', '-nodefaults', '-no-user-config', '-display', 'none'],
        ['-machine', 'q35,memory-backend=mem', '-accel', 'kvm', '-accel', 'tcg,thread=multi'],
        ['-cpu', 'max', '-smp', '1', '-m', '256M'],
        ['-object', 'memory-backend-memfd,id=mem,size=256M,share=on'],
        ['-chardev', 'socket,id=qmp,fd=3', '-mon', 'chardev=qmp,mode=control'],
        ['-chardev', 'socket,id=console0,fd=4', '-serial', 'chardev:console0'],
        ['-device', 'pcie-root-port,id=hotplug0,chassis=1,slot=1'],
        ['-device', 'pcie-root-port,id=hotplug1,chassis=2,slot=2'],
        ['-device', 'pcie-root-port,id=hotplug2,chassis=3,slot=3'],
        ['-device', 'pcie-root-port,id=hotplug3,chassis=4,slot=4'],
      ].flat(),
    });
  });

  test('names descriptors by their place in the child, each once', () => {
    const nics = [{ backend: tap([21, 22], [31, 32]), mac: '52:54:00:00:00:01' }, { backend: tap([23]) }];
    const { args, fds } = command({ nics });
    expect(fds).toEqual([21, 22, 31, 32, 23]);
    expect(args).toContain('tap,id=nic0-netdev,fds=5:6,vhost=on,vhostfds=7:8');
    expect(args).toContain('virtio-net-pci,id=nic0,netdev=nic0-netdev,mac=52:54:00:00:00:01,romfile=,mq=on');
    expect(args).toContain('tap,id=nic1-netdev,fds=9');
  });

  test('gives a NIC without an address a random unicast one', () => {
    const macs = [1, 2].map(
      () => /mac=(52:54:00(?::[0-9a-f]{2}){3}),/.exec(line({ nics: [{ backend: tap([9]) }] }))?.[1],
    );
    expect(macs[0]).toBeDefined();
    expect(macs[0]).not.toBe(macs[1]);
  });

  test('has the MTU and the option ROM of a NIC, commas doubled', () => {
    const nics = [{ backend: tap([9]), hostMtu: 9000 }];
    expect(line({ nics })).toContain('romfile=,host_mtu=9000');
  });

  test('has kernel, initrd and append as whole words', () => {
    const options = { kernel: '/etc/hostname', initrd: '/etc/hosts', append: 'console=ttyS0 quiet' };
    expect(line(options)).toContain('-kernel /etc/hostname -initrd /etc/hosts -append console=ttyS0 quiet');
  });

  test('has the owner as the id of a chardev that leads nowhere', () => {
    expect(line({ owner: 'netloom-1f-3' })).toContain('-chardev null,id=netloom-1f-3');
  });

  test.each([
    ['tcg', '-accel tcg,thread=multi'],
    ['kvm', '-accel kvm'],
  ] as const)('asks for %s alone when told', (accel, words) => {
    expect(line({ accel })).toContain(`memory-backend=mem ${words} -cpu`);
  });

  test('has no root ports on i440fx', () => {
    expect(line({ machine: 'pc' })).not.toContain('pcie-root-port');
  });

  test('is shown as a line that a shell reads back', () => {
    expect(shellLine(['qemu', '-append', "a 'b' $c", ''])).toBe("qemu -append 'a '\\''b'\\'' $c' ''");
  });
});
