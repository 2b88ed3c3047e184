import { describe, expect, it } from 'vitest';
import { cloudKernels, parseRecord } from '../src/guest/deb.js';
import { loadOrder, moduleDepends } from '../src/guest/modules.js';
import { guestCommandLine, parseGuestLine } from '../src/guest/protocol.js';

describe('the choice of a kernel package', () => {
  const names = [
    'linux-image-6.1.0-9-cloud-amd64',
    'linux-image-6.1.0-54-cloud-amd64',
    'linux-image-6.1.0-56-cloud-amd64-unsigned',
    'linux-image-6.1.0-56-cloud-amd64-dbg',
    'linux-image-6.1.0-57-cloud-arm64',
    'linux-image-6.1.0-56-cloud-amd64',
    'linux-image-6.1.0-58-amd64',
    'linux-image-6.12.9-cloud-amd64',
    '',
  ];

  it('is the newest signed cloud kernel, by number and not by letter', () => {
    expect(cloudKernels(names, 'amd64')).toEqual([
      'linux-image-6.1.0-56-cloud-amd64',
      'linux-image-6.1.0-54-cloud-amd64',
      'linux-image-6.1.0-9-cloud-amd64',
    ]);
  });

  it('follows the architecture', () => {
    expect(cloudKernels(names, 'arm64')).toEqual(['linux-image-6.1.0-57-cloud-arm64']);
  });

  it('reads the first record of apt-cache show', () => {
    const text =
      'Package: busybox-static\nVersion: 1:1.35.0-4\nArchitecture: amd64\nSize: 928188\nFilename: pool/b.deb\n\nPackage: other\n';
    expect(parseRecord(text)).toEqual({
      name: 'busybox-static',
      version: '1:1.35.0-4',
      architecture: 'amd64',
      size: 928188,
    });
    expect(parseRecord('Package: gone\nVersion: 1\nArchitecture: amd64\n')).toBeUndefined();
    expect(parseRecord('')).toBeUndefined();
  });
});

describe('the order of kernel modules', () => {
  const graph: Record<string, string[]> = {
    virtio_pci: ['virtio-ring', 'virtio'],
    virtio_ring: [],
    virtio: [],
    virtio_net: ['virtio', 'net_failover'],
    net_failover: ['failover'],
    failover: [],
  };
  const find = async (name: string) => {
    const depends = graph[name];
    return depends && { path: `/${name}.ko`, depends };
  };

  it('puts each module after those that it needs, once', async () => {
    const order = await loadOrder(['virtio_net', 'virtio_pci'], find);
    expect(order.map(({ name }) => name)).toEqual([
      'virtio',
      'failover',
      'net_failover',
      'virtio_net',
      'virtio_ring',
      'virtio_pci',
    ]);
  });

  it('leaves out what is built in', async () => {
    expect(await loadOrder(['ipv6'], find)).toEqual([]);
  });

  it('refuses a file that is no 64-bit ELF object', () => {
    expect(() => moduleDepends(Buffer.alloc(100))).toThrow(
      expect.objectContaining({ code: 'ERR_NETLOOM_GUEST' }),
    );
  });
});

describe('the words between host and guest', () => {
  it('become a kernel command line', () => {
    const line = guestCommandLine({ name: 'web', ip6: 'fd00:77::2/64', peer4: undefined, count: 3 }, 'ttyS0');
    expect(line).toBe(
      'console=ttyS0 quiet panic=-1 mitigations=off netloom.name=web netloom.ip6=fd00:77::2/64 netloom.count=3',
    );
  });

  it('may hold nothing that a shell would run', () => {
    for (const name of ['a b', '$(reboot)', 'a;b', '']) {
      expect(() => guestCommandLine({ name })).toThrow(expect.objectContaining({ field: 'name' }));
    }
  });

  it('are read from console lines', () => {
    expect(parseGuestLine('netloom: ready name=web ifname=eth0 mac=52:54:00:00:00:02\r')).toEqual({
      type: 'ready',
      name: 'web',
      ifname: 'eth0',
      mac: '52:54:00:00:00:02',
    });
    expect(
      parseGuestLine(
        'netloom: ping target=peer4 address=10.77.0.3 sent=5 received=5 min=1.2 avg=2.3 max=4.5 ms',
      ),
    ).toEqual({
      type: 'ping',
      target: 'peer4',
      address: '10.77.0.3',
      sent: 5,
      received: 5,
      times: { min: 1.2, avg: 2.3, max: 4.5 },
    });
    expect(parseGuestLine('netloom: ping target=peer6 address=fd00::3 sent=2 received=0')).toEqual({
      type: 'ping',
      target: 'peer6',
      address: 'fd00::3',
      sent: 2,
      received: 0,
    });
    expect(parseGuestLine('netloom: echo hi  there')).toEqual({ type: 'echo', text: 'hi  there' });
    expect(parseGuestLine('64 bytes from 10.77.0.3: seq=0 ttl=64 time=1.9 ms')).toBeUndefined();
  });
});
