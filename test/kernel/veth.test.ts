import { execFileSync } from 'node:child_process';
import type { Netns } from '@netloom/core';
import { ipJson, scratchNetns } from '@netloom/testing';
import { createVeth } from '@netloom/veth';
import { afterEach, beforeEach, expect, test } from 'vitest';

let red: Netns;
let blue: Netns;
beforeEach(async () => {
  red = await scratchNetns();
  blue = await scratchNetns();
});
afterEach(async () => {
  await red.remove();
  await blue.remove();
});

const links = (netns: Netns) => ipJson(netns.name, 'link').map((link) => link['ifname']);

test('both ends are born in their namespaces, set up and reachable', async () => {
  await using cable = await createVeth(
    {
      netns: red,
      ifname: 'eth0',
      up: true,
      mtu: 1400,
      address: '02:00:00:00:00:0a',
      addresses: ['198.51.100.1/30'],
    },
    {
      netns: blue,
      ifname: 'eth0',
      up: true,
      mtu: 1400,
      addresses: ['198.51.100.2/30', { address: '2001:db8::2/64', nodad: true }],
    },
  );
  const [near] = ipJson(red.name, 'address', 'show', 'dev', 'eth0');
  const [far] = ipJson(blue.name, 'address', 'show', 'dev', 'eth0');
  expect(near).toMatchObject({
    ifindex: cable.ifindex,
    mtu: 1400,
    address: '02:00:00:00:00:0a',
    link_index: cable.peer.ifindex,
    addr_info: expect.arrayContaining([expect.objectContaining({ local: '198.51.100.1' })]),
  });
  expect(far).toMatchObject({ ifindex: cable.peer.ifindex, mtu: 1400, link_index: cable.ifindex });
  execFileSync('ip', ['netns', 'exec', red.name ?? '', 'ping', '-c', '1', '-W', '10', '198.51.100.2']);
});

test('the near end carries the mark; disposal takes both ends', async () => {
  {
    await using cable = await createVeth({ netns: red, ifname: 'a' }, { netns: blue, ifname: 'b' });
    expect((await cable.get()).altnames).toEqual([expect.stringMatching(/^netloom-[0-9a-f]{16}-[0-9]+$/)]);
    expect((await cable.peer.get()).altnames).toEqual([]);
    expect(links(blue)).toEqual(['lo', 'b']);
  }
  expect(links(red)).toEqual(['lo']);
  expect(links(blue)).toEqual(['lo']);
});

test('both ends in one namespace, with names that the kernel picks', async () => {
  await using cable = await createVeth({ netns: red, ifname: 'port%d' }, { netns: red, ifname: 'port%d' });
  expect([cable.ifname, cable.peer.ifname].sort()).toEqual(['port0', 'port1']);
  await using nameless = await createVeth({ netns: red }, { netns: blue });
  expect(links(blue)).toContain(nameless.peer.ifname);
});

test('an end becomes a port at once, and options of both ends are changed', async () => {
  const bridge = await red.links.create({ kind: 'bridge', ifname: 'br0', up: true });
  await using cable = await createVeth(
    { netns: red, ifname: 'p0', up: true, master: bridge },
    { netns: blue, ifname: 'eth0', txqlen: 7 },
  );
  expect(await cable.get()).toMatchObject({ master: bridge.ifindex, slaveKind: 'bridge' });
  await cable.peer.set({ up: true, ifalias: 'uplink' });
  expect(await cable.peer.get()).toMatchObject({ up: true, ifalias: 'uplink', txqlen: 7 });
});

test('a name taken at either end is named, with who has it, and nothing is left', async () => {
  await red.links.create({ kind: 'bridge', ifname: 'taken' });
  await blue.links.create({ kind: 'bridge', ifname: 'taken' });
  await expect(
    createVeth({ netns: red, ifname: 'taken' }, { netns: blue, ifname: 'b' }),
  ).rejects.toMatchObject({
    code: 'EEXIST',
    field: 'ifname',
    hint: expect.stringContaining('taken is a bridge'),
  });
  await expect(
    createVeth({ netns: red, ifname: 'a' }, { netns: blue, ifname: 'taken' }),
  ).rejects.toMatchObject({
    code: 'EEXIST',
    field: 'peer.ifname',
    hint: expect.stringContaining("in the peer's namespace"),
  });
  expect(links(red)).toEqual(['lo', 'taken']);
  expect(links(blue)).toEqual(['lo', 'taken']);
});

test('a mark never lands on a link that has the name already', async () => {
  execFileSync('ip', ['-n', red.name ?? '', 'link', 'add', 'theirs', 'type', 'bridge']);
  await expect(createVeth({ netns: red, ifname: 'theirs' }, { netns: blue })).rejects.toMatchObject({
    code: 'EEXIST',
  });
  expect((await red.links.get('theirs')).altnames).toEqual([]);
  const { ifindex } = await red.links.get('theirs');
  await expect(red.links.create({ kind: 'bridge', ifname: 'other', ifindex })).rejects.toMatchObject({
    code: 'EEXIST',
  });
  expect((await red.links.get('theirs')).altnames).toEqual([]);
});

test('a failure while the ends are set up undoes the pair', async () => {
  await expect(
    createVeth({ netns: red, ifname: 'a' }, { netns: blue, ifname: 'b', master: 'nosuch' }),
  ).rejects.toMatchObject({ code: 'ENODEV', field: 'master' });
  expect(links(red)).toEqual(['lo']);
  expect(links(blue)).toEqual(['lo']);
});

test('bad ends fail before anything is sent', async () => {
  const bad: [object, object, string][] = [
    [{ netns: red, ifname: 'a/b' }, { netns: blue }, 'ifname'],
    [{ netns: red }, { netns: blue, ifname: 'sixteen-bytes-xx' }, 'peer.ifname'],
    [{ netns: red }, { netns: blue, address: '01:00:00:00:00:00' }, 'peer.address'],
    [{ netns: red, mtu: 67 }, { netns: blue }, 'mtu'],
    [{ netns: red }, { netns: 'blue' }, 'peer.netns'],
    [{ netns: red, adresses: [] }, { netns: blue }, 'adresses'],
    [{ netns: red, addresses: ['1.2.3.4/40'] }, { netns: blue }, 'addresses[0]'],
  ];
  for (const [near, far, field] of bad) {
    await expect(createVeth(near as { netns: Netns }, far as { netns: Netns })).rejects.toMatchObject({
      code: 'ERR_NETLOOM_ARGUMENT',
      field,
    });
  }
  expect(links(red)).toEqual(['lo']);
});

test('an end that moved away or a namespace that died is gone already, which is success', async () => {
  const cable = await createVeth({ netns: red, ifname: 'a' }, { netns: blue, ifname: 'b' });
  execFileSync('ip', ['-n', blue.name ?? '', 'link', 'delete', 'dev', 'b']);
  await cable.remove();
  await cable.remove();
  expect(links(red)).toEqual(['lo']);
});
