import { execFileSync } from 'node:child_process';
import { createBridge, openBridge } from '@netloom/bridge';
import type { Netns } from '@netloom/core';
import { commandJson, ipJson, scratchNetns } from '@netloom/testing';
import { createTap } from '@netloom/vnic';
import { afterEach, beforeEach, expect, test } from 'vitest';

let netns: Netns;
beforeEach(async () => {
  netns = await scratchNetns();
});
afterEach(async () => {
  await netns.remove();
});

const ip = (...args: string[]) => execFileSync('ip', ['-n', netns.name ?? '', ...args]);
const ports = () =>
  commandJson('bridge', '-n', netns.name ?? '', '-d', '-j', 'link') as Record<string, unknown>[];
const bridgeLinks = () => ipJson(netns.name, 'link', 'show', 'type', 'bridge');

test('a bridge with its addresses is what iproute2 reads', async () => {
  await using bridge = await createBridge(netns, {
    ifname: 'br0',
    up: true,
    ageingTime: 60,
    addresses: ['192.0.2.1/24', { address: '2001:db8::1/64', nodad: true }],
  });
  const [link] = ipJson(netns.name, 'address', 'show', 'dev', 'br0');
  expect(link).toMatchObject({
    ifindex: bridge.ifindex,
    linkinfo: { info_kind: 'bridge', info_data: { ageing_time: 6000 } },
    addr_info: expect.arrayContaining([
      expect.objectContaining({ local: '192.0.2.1', prefixlen: 24, broadcast: '192.0.2.255' }),
      expect.objectContaining({ local: '2001:db8::1', prefixlen: 64, nodad: true }),
    ]),
  });
});

test('a port has the options that were asked for, as bridge reads them', async () => {
  await using bridge = await createBridge(netns, { ifname: 'br0', up: true });
  await using tap = await createTap(netns, { ifname: 'tap0', up: true });
  const port = await bridge.addPort(tap, {
    isolated: true,
    learning: false,
    unicastFlood: false,
    cost: 42,
    mode: true,
  });
  expect(port).toMatchObject({ ifname: 'tap0', port: { isolated: true, learning: false, cost: 42 } });
  expect(ports()).toMatchObject([
    { ifname: 'tap0', master: 'br0', isolated: true, learning: false, flood: false, cost: 42, hairpin: true },
  ]);
  await bridge.addPort(tap, { isolated: false });
  expect(ports()).toMatchObject([{ isolated: false, learning: false, cost: 42 }]);
});

test('ports that iproute2 made are listed, and taken out', async () => {
  ip('link', 'add', 'br0', 'type', 'bridge');
  ip('link', 'add', 'v0', 'up', 'type', 'veth', 'peer', 'name', 'v1');
  ip('link', 'set', 'v0', 'master', 'br0');
  execFileSync('bridge', [
    '-n',
    netns.name ?? '',
    'link',
    'set',
    'dev',
    'v0',
    'guard',
    'on',
    'priority',
    '7',
  ]);
  await using bridge = await openBridge(netns, 'br0');
  expect(await bridge.ports()).toMatchObject([{ ifname: 'v0', port: { guard: true, priority: 7 } }]);
  await bridge.removePort('v0');
  await bridge.removePort('v0');
  await bridge.removePort('nosuch');
  expect(ports()).toEqual([]);
  await bridge[Symbol.asyncDispose]();
  expect(bridgeLinks().length).toBe(1);
});

test('frames cross: two TAPs in one bridge', async () => {
  await using bridge = await createBridge(netns, { ifname: 'br0', up: true, addresses: ['192.0.2.1/24'] });
  await using far = await scratchNetns();
  await far.links.create({
    kind: 'veth',
    ifname: 'eth0',
    up: true,
    peer: { ifname: 'p0', netNsFd: netns.opener.descriptor.fd },
  });
  await far.addresses.add({ link: 'eth0', address: '192.0.2.2/24' });
  await netns.links.set('p0', { up: true });
  await bridge.addPort('p0');
  execFileSync('ip', ['netns', 'exec', far.name ?? '', 'ping', '-c', '1', '-W', '10', '192.0.2.1']);
});

test('options of a bridge are changed and read back', async () => {
  await using bridge = await createBridge(netns, { ifname: 'br0' });
  await bridge.set({ ageingTime: 10, stpState: 1, priority: 8192, mcastSnooping: false, up: true });
  expect(bridgeLinks()).toMatchObject([
    { linkinfo: { info_data: { ageing_time: 1000, stp_state: 1, priority: 8192, mcast_snooping: 0 } } },
  ]);
});

test('a port of another bridge, itself, and a link that is no bridge are named errors, and nothing changes', async () => {
  await using bridge = await createBridge(netns, { ifname: 'br0' });
  await using other = await createBridge(netns, { ifname: 'br1' });
  await using tap = await createTap(netns, { ifname: 'tap0' });
  await other.addPort(tap);
  await expect(bridge.addPort('tap0')).rejects.toMatchObject({
    code: 'EBUSY',
    field: 'link',
    hint: expect.stringContaining("removePort('tap0')"),
  });
  expect(ports()).toMatchObject([{ master: 'br1' }]);
  await expect(bridge.addPort(bridge)).rejects.toMatchObject({ code: 'ERR_NETLOOM_ARGUMENT', field: 'link' });
  await expect(bridge.addPort('tap9')).rejects.toMatchObject({ code: 'ENODEV' });
  await expect(openBridge(netns, 'tap0')).rejects.toMatchObject({ code: 'ERR_NETLOOM_KIND' });
  await expect(bridge.addPort(other)).rejects.toMatchObject({ code: 'ELOOP' });
});

test('a port option that is refused leaves no port behind', async () => {
  await using bridge = await createBridge(netns, { ifname: 'br0' });
  await using _tap = await createTap(netns, { ifname: 'tap0' });
  await expect(bridge.addPort('tap0', { isolatd: true } as object)).rejects.toMatchObject({
    code: 'ERR_NETLOOM_ARGUMENT',
    field: 'isolatd',
    hint: "did you mean 'isolated'?",
  });
  await expect(bridge.addPort('tap0', { priority: 999 })).rejects.toMatchObject({
    code: 'ERANGE',
    field: 'priority',
  });
  expect(ports()).toEqual([]);
});

test('a creation that fails half-way undoes itself', async () => {
  const created = createBridge(netns, { ifname: 'br0', addresses: ['192.0.2.1/24', '192.0.2.1/24'] });
  await expect(created).rejects.toMatchObject({ code: 'EEXIST', request: 'RTM_NEWADDR' });
  expect(bridgeLinks()).toEqual([]);
  await expect(createBridge(netns, { ifname: 'br0', addresses: ['nonsense'] })).rejects.toMatchObject({
    field: 'addresses[0]',
  });
  expect(bridgeLinks()).toEqual([]);
  await expect(createBridge(netns, { adresses: [] } as object)).rejects.toMatchObject({
    field: 'adresses',
    hint: "did you mean 'addresses'?",
  });
  await expect(createBridge(netns, { mac: '02:00:00:00:00:01' } as object)).rejects.toMatchObject({
    hint: "did you mean 'address'?",
  });
  await expect(createBridge(Promise.resolve(netns) as unknown as Netns)).rejects.toMatchObject({
    field: 'netns',
  });
});
