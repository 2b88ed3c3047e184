import { execFileSync } from 'node:child_process';
import { readdirSync, readSync, writeSync } from 'node:fs';
import type { Netns } from '@netloom/core';
import { ipJson, scratchNetns } from '@netloom/testing';
import { createTap, createTun } from '@netloom/vnic';
import { afterEach, beforeEach, expect, test } from 'vitest';

let netns: Netns;
beforeEach(async () => {
  netns = await scratchNetns();
});
afterEach(async () => {
  await netns.remove();
});

const show = (ifname: string) => ipJson(netns.name, 'link', 'show', 'dev', ifname)[0];
const links = () => ipJson(netns.name, 'link').map((link) => link['ifname']);

test('a multi-queue TAP is what iproute2 reads', async () => {
  await using tap = await createTap(netns, {
    ifname: 'vm1-0',
    queues: 3,
    up: true,
    mtu: 1400,
    address: '02:00:00:00:00:01',
    txqlen: 500,
  });
  expect(show('vm1-0')).toMatchObject({
    ifindex: tap.ifindex,
    mtu: 1400,
    address: '02:00:00:00:00:01',
    txqlen: 500,
    linkinfo: {
      info_kind: 'tun',
      info_data: { type: 'tap', pi: false, vnet_hdr: true, multi_queue: true, numqueues: 3, persist: false },
    },
  });
  expect(tap.fds.length).toBe(3);
  expect(new Set(tap.fds).size).toBe(3);
  expect((await tap.get()).data).toMatchObject({ multiQueue: true, numQueues: 3, vnetHdr: true });
});

test('without being asked for, it takes no IPv6 address', async () => {
  await using tap = await createTap(netns, { ifname: 'tap0', up: true });
  await using other = await createTap(netns, { ifname: 'tap1', up: true, addrGenMode: 0 });
  expect(await netns.addresses.list({ link: tap.ifindex, family: 6 })).toEqual([]);
  expect((await netns.addresses.list({ link: other.ifindex, family: 6 })).length).toBe(1);
});

test('frames go out and come in by the descriptor', async () => {
  await using tap = await createTap(netns, {
    ifname: 'tap0',
    up: true,
    vnetHeader: false,
    addresses: ['192.0.2.1/24'],
  });
  const [fd = -1] = tap.fds;
  // Who has 192.0.2.1? The kernel answers through the same queue.
  const request = Buffer.from(
    'ffffffffffff02000000000a0806000108000604000102000000000ac0000202000000000000c0000201',
    'hex',
  );
  writeSync(fd, request);
  const frame = Buffer.alloc(2048);
  let answer: Buffer | undefined;
  while (answer === undefined) {
    // Answered within the write, so that nothing has to be waited for; other frames may be queued before it.
    const length = readSync(fd, frame);
    if (frame.readUInt16BE(12) === 0x0806) answer = Buffer.from(frame.subarray(0, length));
  }
  expect(answer.subarray(0, 6).toString('hex')).toBe('02000000000a');
  expect(answer.readUInt16BE(20)).toBe(2);
  expect(answer.subarray(28, 32).toString('hex')).toBe('c0000201');
});

test('it dies with its descriptors, unless it persists', async () => {
  const mortal = await createTap(netns, { ifname: 'mortal' });
  const lasting = await createTap(netns, { ifname: 'lasting', persist: true });
  mortal.close();
  lasting.close();
  expect(links()).toEqual(['lo', 'lasting']);
  expect(mortal.fds).toEqual([-1]);
  await lasting.remove();
  expect(links()).toEqual(['lo']);
});

test('a persistent TAP has the user and group that may open it', async () => {
  await using _tap = await createTap(netns, {
    ifname: 'tap0',
    persist: true,
    owner: 65534,
    ownerGroup: 65534,
  });
  expect(show('tap0')).toMatchObject({
    linkinfo: { info_data: { persist: true, user: 'nobody', group: 'nogroup' } },
  });
});

test('a TUN carries packets of layer 3', async () => {
  await using tun = await createTun(netns, { ifname: 'tun0', up: true, addresses: ['10.9.0.1/24'] });
  expect(show('tun0')).toMatchObject({
    link_type: 'none',
    linkinfo: { info_data: { type: 'tun', vnet_hdr: false } },
  });
  const ping = execFileSync('ip', [
    'netns',
    'exec',
    netns.name ?? '',
    'sh',
    '-c',
    'ping -c 1 -W 1 10.9.0.7 >/dev/null; true',
  ]);
  expect(ping.length).toBe(0);
  const packet = Buffer.alloc(2048);
  const seen: string[] = [];
  const [fd = -1] = tun.fds;
  while (!seen.includes('10.9.0.7')) {
    readSync(fd, packet);
    if (packet[0] === 0x45) seen.push(packet.subarray(16, 20).join('.'));
  }
});

test('offloads, header size and carrier are set', async () => {
  await using tap = await createTap(netns, {
    ifname: 'tap0',
    up: true,
    vnetHeaderSize: 12,
    offloads: { csum: true, tso4: true, tso6: true },
  });
  const features = execFileSync('ip', ['netns', 'exec', netns.name ?? '', 'cat', '/proc/net/dev']).toString();
  expect(features).toContain('tap0');
  tap.setCarrier(false);
  expect((await tap.get()).carrier).toBe(false);
  tap.setCarrier(true);
  expect((await tap.get()).carrier).toBe(true);
});

test('taken names are explained, whoever has them', async () => {
  await netns.links.create({ kind: 'bridge', ifname: 'br0' });
  await using _tap = await createTap(netns, { ifname: 'tap0' });
  for (const [ifname, kind] of [
    ['br0', 'bridge'],
    ['tap0', 'tun'],
  ] as const) {
    await expect(createTap(netns, { ifname })).rejects.toMatchObject({
      code: 'EEXIST',
      field: 'ifname',
      hint: expect.stringContaining(`${ifname} is a ${kind}`),
    });
    await expect(createTun(netns, { ifname })).rejects.toMatchObject({ code: 'EEXIST', field: 'ifname' });
  }
  expect(new Set(links())).toEqual(new Set(['br0', 'lo', 'tap0']));
});

test('bad options fail before anything changes', async () => {
  const bad: [object, string][] = [
    [{ ifname: '' }, 'ifname'],
    [{ ifname: 'has space' }, 'ifname'],
    [{ queues: 0 }, 'queues'],
    [{ queues: 257 }, 'queues'],
    [{ queue: 2 }, 'queue'],
    [{ vnetHeader: 'yes' }, 'vnetHeader'],
    [{ vnetHeaderSize: 9 }, 'vnetHeaderSize'],
    [{ vnetHeader: false, vnetHeaderSize: 12 }, 'vnetHeaderSize'],
    [{ offloads: { tso4: true } }, 'offloads.csum'],
    [{ vnetHeader: false, offloads: { csum: true } }, 'offloads'],
    [{ owner: -1 }, 'owner'],
    [{ addresses: ['x'] }, 'addresses[0]'],
    [{ persist: 1 }, 'persist'],
    [{ mtu: -1 }, 'mtu'],
    [{ address: '01:00:5e:00:00:01' }, 'address'],
  ];
  const before = readdirSync('/proc/self/fd').length;
  for (const [options, field] of bad) {
    await expect(createTap(netns, options)).rejects.toMatchObject({ code: 'ERR_NETLOOM_ARGUMENT', field });
  }
  expect(links()).toEqual(['lo']);
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before + 2);
});

test('a set-up that the kernel refuses undoes the device', async () => {
  await expect(createTap(netns, { ifname: 'tap0', mtu: 66000, persist: true })).rejects.toMatchObject({
    code: 'EINVAL',
  });
  await expect(createTap(netns, { ifname: 'tap0', master: 'nosuch' })).rejects.toMatchObject({
    code: 'ENODEV',
    field: 'master',
  });
  expect(links()).toEqual(['lo']);
});

test('rounds of creation leave no descriptor and no link', async () => {
  const rounds = process.env['NETLOOM_LONG'] === '1' ? 1000 : 50;
  await (await createTap(netns, {})).remove();
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < rounds; i++) {
    await using tap = await createTap(netns, { queues: 2, up: true });
    expect(tap.ifname).not.toBe('');
  }
  expect(readdirSync('/proc/self/fd').length).toBe(before);
  expect(links()).toEqual(['lo']);
});
