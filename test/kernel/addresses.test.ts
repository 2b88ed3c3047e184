import { execFileSync } from 'node:child_process';
import { type Netns, PROTOCOL } from '@netloom/core';
import { createVeth } from '@netloom/veth';
import { ipJson, scratchNetns } from '@netloom/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

let netns: Netns;
beforeEach(async () => {
  netns = await scratchNetns();
  await netns.links.create({ kind: 'bridge', ifname: 'br0', up: true, addrGenMode: 1 });
});
afterEach(async () => {
  await netns.remove();
});

interface Info {
  local: string;
  [key: string]: unknown;
}
const infos = () =>
  ipJson(netns.name, 'address', 'show', 'dev', 'br0').flatMap((link) => link['addr_info'] as Info[]);

test('what is added is what iproute2 reads', async () => {
  const { addresses } = netns;
  await addresses.add({ link: 'br0', address: '192.0.2.1/24', broadcast: 'auto' });
  await addresses.add({ link: 'br0', address: '198.51.100.1', peer: '198.51.100.2/32', scope: 'link' });
  await addresses.add({ link: 'br0', address: '2001:db8::1/64', nodad: true, valid: 5000, preferred: 4000 });
  const info = (local: string) => infos().find((entry) => entry.local === local);
  const [v4, ptp, v6] = ['192.0.2.1', '198.51.100.1', '2001:db8::1'].map(info);
  expect(v4).toMatchObject({ local: '192.0.2.1', prefixlen: 24, broadcast: '192.0.2.255', scope: 'global' });
  expect(ptp).toMatchObject({ local: '198.51.100.1', address: '198.51.100.2', prefixlen: 32, scope: 'link' });
  expect(v6).toMatchObject({ local: '2001:db8::1', prefixlen: 64, nodad: true });
  expect(v6?.['tentative']).toBeUndefined();
  expect(v6?.['valid_life_time']).toBeLessThanOrEqual(5000);
  expect(v6?.['preferred_life_time']).toBeLessThanOrEqual(4000);
});

test('what iproute2 adds is what we read', async () => {
  const ip = (...args: string[]) =>
    execFileSync('ip', ['-n', netns.name ?? '', 'address', 'add', ...args, 'dev', 'br0']);
  ip('192.0.2.1/24', 'brd', '+');
  ip('10.0.0.1', 'peer', '10.0.0.2/32');
  ip('2001:db8::1/64', 'nodad', 'noprefixroute');
  const listed = await netns.addresses.list({ link: 'br0' });
  const byAddress = (a: { address: string }, b: { address: string }) => (a.address < b.address ? -1 : 1);
  expect(listed.sort(byAddress)).toMatchObject([
    { family: 4, address: '10.0.0.1', peer: '10.0.0.2', prefixlen: 32 },
    { family: 4, address: '192.0.2.1', prefixlen: 24, broadcast: '192.0.2.255', scope: 'global' },
    { family: 6, address: '2001:db8::1', prefixlen: 64, tentative: false, valid: Number.POSITIVE_INFINITY },
  ]);
  expect((await netns.addresses.list({ family: 6, link: 'br0' })).length).toBe(1);
});

test('an address says that Netloom set it', async () => {
  await netns.addresses.add({ link: 'br0', address: '192.0.2.1/24' });
  const [address] = await netns.addresses.list({ link: 'br0' });
  // Kernels before 5.18 do not keep it.
  expect([PROTOCOL, undefined]).toContain(address?.proto);
});

test('an IPv6 address that is being checked says so', async () => {
  await using far = await scratchNetns();
  await using _cable = await createVeth(
    {
      netns,
      ifname: 'a',
      up: true,
      addrGenMode: 1,
      addresses: ['2001:db8::1/64', { address: '2001:db8::3/64', nodad: true }],
    },
    { netns: far, ifname: 'a', up: true, addrGenMode: 1 },
  );
  const listed = await netns.addresses.list({ link: 'a' });
  expect(listed.find(({ address }) => address === '2001:db8::1')?.tentative).toBe(true);
  expect(listed.find(({ address }) => address === '2001:db8::3')?.tentative).toBe(false);
});

test('adding twice is EEXIST, replacing is not, removing twice is success', async () => {
  const { addresses } = netns;
  const address = { link: 'br0', address: '192.0.2.1/24' };
  await addresses.add(address);
  await expect(addresses.add(address)).rejects.toMatchObject({
    code: 'EEXIST',
    request: 'RTM_NEWADDR',
    command: `ip -n ${netns.name} address add 192.0.2.1/24 dev br0`,
  });
  await addresses.replace({ ...address, valid: 100, preferred: 100 });
  expect((await addresses.list({ link: 'br0' }))[0]?.valid).toBeLessThanOrEqual(100);
  await addresses.remove(address);
  await addresses.remove(address);
  expect(infos()).toEqual([]);
});

test('bad addresses fail before anything is sent', async () => {
  const { addresses } = netns;
  for (const address of [
    '',
    '192.0.2',
    '192.0.2.1/33',
    '192.0.2.256/24',
    '2001:db8::/129',
    '1::2::3/64',
    'x/24',
    '1.2.3.4/24/24',
  ]) {
    await expect(addresses.add({ link: 'br0', address })).rejects.toMatchObject({
      code: 'ERR_NETLOOM_ARGUMENT',
      field: 'address',
    });
  }
  await expect(addresses.add({ link: 'br9', address: '192.0.2.1/24' })).rejects.toMatchObject({
    code: 'ENODEV',
    field: 'link',
    hint: "did you mean 'br0'?",
  });
  expect(infos()).toEqual([]);
});
