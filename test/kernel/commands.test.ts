import { execSync } from 'node:child_process';
import { createNetns, NetloomError, type Netns, type NewLink } from '@netloom/core';
import { createBridge } from '@netloom/bridge';
import { ipJson, scratchNetns } from '@netloom/testing';
import { createTap } from '@netloom/vnic';
import { afterEach, beforeEach, expect, test } from 'vitest';

// An error names the equivalent iproute2 command. That it is equivalent is seen by running it elsewhere.
let ours: Netns;
let theirs: Netns;
beforeEach(async () => {
  ours = await scratchNetns();
  theirs = await scratchNetns();
  for (const netns of [ours, theirs]) {
    await netns.links.create({
      kind: 'veth',
      ifname: 'low',
      address: '02:00:00:00:00:01',
      peer: { ifname: 'far', address: '02:00:00:00:00:02' },
    });
  }
});
afterEach(async () => {
  await ours.remove();
  await theirs.remove();
});

const commandOf = async (call: () => Promise<unknown>): Promise<string> => {
  const error = await call().then(
    () => undefined,
    (refused: unknown) => refused,
  );
  if (!(error instanceof NetloomError) || error.command === undefined)
    throw new Error('no command in the error');
  return error.command;
};

/** What differs between two links that were made alike. */
const CHANCE = new Set([
  'ifindex',
  'altnames',
  'address',
  'link_index',
  'link_netnsid',
  'gc_timer',
  'hello_timer',
  'stats',
  'bridge_id',
  'root_id',
  'designated_root',
  'designated_bridge',
]);
function comparable(netns: Netns, ifname: string): unknown {
  const strip = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(strip)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .filter(([key]) => !CHANCE.has(key))
              .map(([key, inner]) => [key, strip(inner)]),
          )
        : value;
  return strip(ipJson(netns.name, 'link', 'show', 'dev', ifname)[0]);
}

const LINKS: NewLink[] = [
  { kind: 'bridge', ifname: 'x', up: true, mtu: 1400, txqlen: 10, group: 3 },
  {
    kind: 'bridge',
    ifname: 'x',
    ageingTime: 12,
    forwardDelay: 5,
    helloTime: 1,
    maxAge: 12,
    stpState: 1,
    priority: 4096,
  },
  {
    kind: 'bridge',
    ifname: 'x',
    mcastSnooping: false,
    mcastQueryIntvl: 30,
    mcastLastMemberCnt: 3,
    groupFwdMask: 8,
    nfCallIptables: true,
  },
  {
    kind: 'bridge',
    ifname: 'x',
    mcastQuerierIntvl: 100,
    mcastQueryResponseIntvl: 5,
    mcastMembershipIntvl: 200,
    mcastIgmpVersion: 3,
    mcastMldVersion: 2,
  },
  { kind: 'vxlan', ifname: 'x', id: 42, group: '192.0.2.9', port: 4789, ttl: 3, learning: false },
  {
    kind: 'vxlan',
    ifname: 'x',
    id: 42,
    link: 'low',
    local: '192.0.2.1',
    port: 4789,
    proxy: true,
    l2miss: true,
  },
  { kind: 'macvlan', ifname: 'x', link: 'low', mode: 4 },
  { kind: 'ifb', ifname: 'x', numTxQueues: 2, numRxQueues: 2 },
  { kind: 'veth', ifname: 'x', mtu: 1300, peer: { ifname: 'y', mtu: 1300 } },
];

test.each(LINKS.map((options) => [JSON.stringify(options), options] as const))('%s', async (_, options) => {
  await ours.links.create(options);
  const command = await commandOf(() => ours.links.create(options));
  execSync(command.replaceAll(ours.name ?? '', theirs.name ?? ''), { stdio: 'pipe' });
  expect(comparable(theirs, 'x')).toEqual(comparable(ours, 'x'));
});

test('the options of a port', async () => {
  for (const netns of [ours, theirs]) {
    await createBridge(netns, { ifname: 'br0' });
    await netns.links.set('low', { master: 'br0' });
  }
  const options = {
    isolated: true,
    learning: false,
    unicastFlood: false,
    mode: true,
    guard: true,
    protect: true,
    fastLeave: true,
    mcastToUcast: true,
    cost: 7,
    priority: 3,
    neighSuppress: true,
  };
  await using bridge = await createBridge(ours, { ifname: 'br1' });
  const wrong = await commandOf(async () => {
    const handle = await ours.links.open('low');
    await handle.setPort('bridge', { ...options, priority: 99 });
  });
  await (await ours.links.open('low')).setPort('bridge', options);
  execSync(wrong.replaceAll(ours.name ?? '', theirs.name ?? '').replace('priority 99', 'priority 3'), {
    stdio: 'pipe',
  });
  expect(comparable(theirs, 'low')).toEqual(comparable(ours, 'low'));
  expect(bridge.owned).toBe(true);
});

test('addresses and routes', async () => {
  for (const netns of [ours, theirs]) await netns.links.set('low', { up: true });
  for (const address of ['192.0.2.1/24', '2001:db8::1/64']) {
    const add = () =>
      ours.addresses.add({
        link: 'low',
        address,
        ...(address.includes(':') ? { nodad: true } : { broadcast: 'auto' }),
      });
    await add();
    execSync((await commandOf(add)).replaceAll(ours.name ?? '', theirs.name ?? ''), { stdio: 'pipe' });
  }
  const routes = [
    { dst: '198.51.100.0/24', gateway: '192.0.2.9', priority: 5, mtu: 1400 },
    { dst: '203.0.113.0/24', oif: 'low', table: 1000, prefsrc: '192.0.2.1' },
    { dst: 'default', gateway: '2001:db8::9' },
    { dst: '10.0.0.0/8', type: 'blackhole' as const },
  ];
  for (const route of routes) {
    await ours.routes.add(route);
    execSync((await commandOf(() => ours.routes.add(route))).replaceAll(ours.name ?? '', theirs.name ?? ''), {
      stdio: 'pipe',
    });
  }
  for (const family of ['-4', '-6']) {
    const all = (netns: Netns) =>
      ipJson(netns.name, family, 'route', 'show', 'table', 'all')
        .map((route) => JSON.stringify(route))
        .filter((route) => !route.includes('fe80'))
        .sort();
    expect(all(theirs)).toEqual(all(ours));
  }
  const addresses = (netns: Netns) =>
    ipJson(netns.name, 'address', 'show', 'dev', 'low').flatMap((link) =>
      (link['addr_info'] as { local: string; scope: string }[])
        .filter(({ scope }) => scope === 'global')
        .map(({ local }) => local),
    );
  expect(addresses(theirs)).toEqual(addresses(ours));
});

test('a TAP in the way is named too', async () => {
  await using tap = await createTap(ours, { ifname: 'x' });
  const command = await commandOf(() => ours.links.create({ kind: 'bridge', ifname: tap.ifname }));
  expect(command).toBe(`ip -n ${ours.name} link add name x type bridge`);
});

test('in a namespace without a name, the command goes there and not to the host', async () => {
  const unnamed = await createNetns();
  try {
    await unnamed.links.create({ kind: 'bridge', ifname: 'nlt-cmd' });
    const command = await commandOf(() =>
      unnamed.links.create({ kind: 'bridge', ifname: 'nlt-cmd', ageingTime: 9 }),
    );
    await unnamed.links.remove('nlt-cmd');
    execSync(command, { stdio: 'pipe' });
    expect(await unnamed.links.get('nlt-cmd')).toMatchObject({ data: { ageingTime: 9 }, altnames: [] });
  } finally {
    unnamed.close();
  }
});
