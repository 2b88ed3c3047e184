import { execFileSync } from 'node:child_process';
import { type Netns, PROTOCOL } from '@netloom/core';
import { ipJson, scratchNetns } from '@netloom/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

let netns: Netns;
beforeEach(async () => {
  netns = await scratchNetns();
  await netns.links.create({ kind: 'bridge', ifname: 'br0', up: true, addrGenMode: 1 });
  await netns.addresses.add({ link: 'br0', address: '192.0.2.1/24' });
  await netns.addresses.add({ link: 'br0', address: '2001:db8::1/64', nodad: true });
});
afterEach(async () => {
  await netns.remove();
});

const theirs = (...args: string[]) => ipJson(netns.name, ...args);
const ip = (...args: string[]) => execFileSync('ip', ['-n', netns.name ?? '', ...args]);

test('what is added is what iproute2 reads', async () => {
  const { routes } = netns;
  await routes.add({
    dst: '198.51.100.0/24',
    gateway: '192.0.2.254',
    priority: 50,
    mtu: 1400,
    prefsrc: '192.0.2.1',
  });
  await routes.add({ dst: 'default', gateway: '192.0.2.253' });
  await routes.add({ dst: '203.0.113.0/24', oif: 'br0', table: 1000 });
  await routes.add({ dst: '10.0.0.0/8', type: 'unreachable' });
  await routes.add({ dst: '2001:db8:1::/48', gateway: '2001:db8::2' });
  await routes.add({ dst: 'default', gateway: '2001:db8::3', oif: 'br0' });
  expect(theirs('route', 'show', '198.51.100.0/24')).toMatchObject([
    {
      dst: '198.51.100.0/24',
      gateway: '192.0.2.254',
      metric: 50,
      prefsrc: '192.0.2.1',
      protocol: String(PROTOCOL),
      metrics: [{ mtu: 1400 }],
    },
  ]);
  expect(theirs('route', 'show', 'default')).toMatchObject([{ gateway: '192.0.2.253', dev: 'br0' }]);
  expect(theirs('route', 'show', 'table', '1000')).toMatchObject([{ dst: '203.0.113.0/24', scope: 'link' }]);
  expect(theirs('route', 'show', '10.0.0.0/8')).toMatchObject([{ type: 'unreachable' }]);
  expect(theirs('-6', 'route', 'show', '2001:db8:1::/48')).toMatchObject([{ gateway: '2001:db8::2' }]);
  expect(theirs('-6', 'route', 'show', 'default')).toMatchObject([{ gateway: '2001:db8::3' }]);
});

test('what iproute2 adds is what we read', async () => {
  ip('route', 'add', '198.51.100.0/24', 'via', '192.0.2.9', 'metric', '7', 'proto', 'static', 'mtu', '1300');
  ip('route', 'add', 'blackhole', '10.1.0.0/16', 'table', '5000');
  ip('-6', 'route', 'add', 'default', 'via', '2001:db8::9', 'metric', '99');
  const link = (await netns.links.get('br0')).ifindex;
  const main = await netns.routes.list();
  expect(main).toContainEqual(
    expect.objectContaining({
      family: 4,
      dst: '198.51.100.0/24',
      gateway: '192.0.2.9',
      oif: link,
      priority: 7,
      protocol: 4,
      mtu: 1300,
      table: 254,
    }),
  );
  expect(main).toContainEqual(
    expect.objectContaining({ family: 6, dst: 'default', gateway: '2001:db8::9', priority: 99 }),
  );
  expect(main.some(({ table }) => table !== 254)).toBe(false);
  expect(await netns.routes.list({ table: 5000 })).toMatchObject([{ dst: '10.1.0.0/16', type: 'blackhole' }]);
  expect((await netns.routes.list({ table: 'all' })).some(({ type }) => type === 'local')).toBe(true);
  expect((await netns.routes.list({ family: 6, protocol: 4 })).length).toBe(0);
});

test('our list is iproute2’s list', async () => {
  const full = (dst: string, bits: number) =>
    dst === 'default' || dst.includes('/') ? dst : `${dst}/${bits}`;
  const expected = () =>
    [
      ...theirs('-4', 'route', 'show', 'table', 'all').map(({ dst }) => `4 ${full(String(dst), 32)}`),
      ...theirs('-6', 'route', 'show', 'table', 'all').map(({ dst }) => `6 ${full(String(dst), 128)}`),
    ].toSorted((a, b) => a.localeCompare(b));
  // The kernel adds an IPv6 address' host route from a work queue: only a list that stood still is compared.
  let before: string[];
  let after: string[];
  let ours: string[];
  do {
    before = expected();
    const listed = await netns.routes.list({ table: 'all' });
    ours = listed.map(({ dst, family }) => `${family} ${dst}`).toSorted((a, b) => a.localeCompare(b));
    after = expected();
  } while (JSON.stringify(before) !== JSON.stringify(after));
  expect(ours).toEqual(after);
});

test('adding twice is EEXIST with the command, replacing is not, removing twice is success', async () => {
  const { routes } = netns;
  const route = { dst: '198.51.100.0/24', gateway: '192.0.2.254' };
  await routes.add(route);
  await expect(routes.add(route)).rejects.toMatchObject({
    code: 'EEXIST',
    command: `ip -n ${netns.name} route add 198.51.100.0/24 via 192.0.2.254 proto ${PROTOCOL}`,
  });
  await routes.replace({ ...route, gateway: '192.0.2.7' });
  expect(theirs('route', 'show', '198.51.100.0/24')).toMatchObject([{ gateway: '192.0.2.7' }]);
  await routes.remove({ dst: route.dst });
  await routes.remove({ dst: route.dst });
  expect(theirs('route', 'show', '198.51.100.0/24')).toEqual([]);
});

test('a link-scope route of somebody else is removed by its destination', async () => {
  ip('route', 'add', '203.0.113.0/24', 'dev', 'br0');
  await netns.routes.remove({ dst: '203.0.113.0/24' });
  expect(theirs('route', 'show', '203.0.113.0/24')).toEqual([]);
});

test('ten thousand routes added in one tick are all there, and one that fails does not stop the others', async () => {
  const count = process.env['NETLOOM_LONG'] === '1' ? 100_000 : 10_000;
  const dst = (i: number) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`;
  const adds = Array.from({ length: count }, (_, i) =>
    netns.routes.add({ dst: dst(i), gateway: '192.0.2.254' }),
  );
  const bad = netns.routes.add({ dst: '10.9.9.9/32', gateway: '203.0.113.1' });
  const results = await Promise.allSettled([...adds.slice(0, 5000), bad, ...adds.slice(5000)]);
  const failed = results.filter((result) => result.status === 'rejected');
  expect(failed.length).toBe(1);
  expect(failed[0]?.reason).toMatchObject({
    code: 'ENETUNREACH',
    kernelMessage: 'Nexthop has invalid gateway',
  });
  expect(results[5000]?.status).toBe('rejected');
  expect((await netns.routes.list({ protocol: PROTOCOL, family: 4 })).length).toBe(count);
});

test('bad routes fail before anything is sent', async () => {
  const { routes } = netns;
  // The kernel adds an IPv6 address' host route from a work queue, at a time of its own.
  const listed = () => routes.list({ table: 'all', family: 4 });
  const before = await listed();
  const bad: [object, string][] = [
    [{ dst: '10.0.0.0/33' }, 'dst'],
    [{ dst: 'nowhere' }, 'dst'],
    [{ dst: '10.0.0.0/8', gateway: '2001:db8::1' }, 'gateway'],
    [{ dst: '10.0.0.0/8', gateway: 'x' }, 'gateway'],
    [{ dst: '10.0.0.0/8', gatway: '192.0.2.1' }, 'gatway'],
    [{ dst: '10.0.0.0/8', oif: 'br0', table: 0 }, 'table'],
    [{ dst: '10.0.0.0/8', oif: 'br0', priority: -1 }, 'priority'],
    [{ dst: '10.0.0.0/8', oif: 'br0', type: 'blackholes' }, 'type'],
    [{ dst: '10.0.0.0/8', oif: 'br0', mtu: 1.5 }, 'mtu'],
  ];
  for (const [route, field] of bad) {
    await expect(routes.add(route as { dst: string })).rejects.toMatchObject({
      code: 'ERR_NETLOOM_ARGUMENT',
      field,
    });
  }
  await expect(routes.add({ dst: '10.0.0.0/8', oif: 'nosuch' })).rejects.toMatchObject({
    code: 'ENODEV',
    field: 'oif',
  });
  expect(await listed()).toEqual(before);
});
