import { NetlinkError, NetloomError, type Netns, type NewLink } from '@netloom/core';
import { scratchNetns } from '@netloom/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

let netns: Netns;
beforeAll(async () => {
  netns = await scratchNetns();
  await netns.links.create({ kind: 'bridge', ifname: 'br0', up: true, addrGenMode: 1 });
  await netns.links.create({ kind: 'veth', ifname: 'v0', peer: { ifname: 'v1' } });
});
afterAll(async () => {
  await netns.remove();
});

/** Wrong links: what the error's code and field are. The kernel's words are matched where it has some. */
const LINKS: [string, object, string, string, RegExp?][] = [
  ['no kind', {}, 'ERR_NETLOOM_ARGUMENT', 'kind'],
  [
    'a kind that nobody knows',
    { kind: 'brigde', data: new Uint8Array() },
    'EOPNOTSUPP',
    '',
    /Unknown device type/,
  ],
  ['a name too long', { kind: 'bridge', ifname: 'x'.repeat(16) }, 'ERR_NETLOOM_ARGUMENT', 'ifname'],
  ['a name with a slash', { kind: 'bridge', ifname: 'a/b' }, 'ERR_NETLOOM_ARGUMENT', 'ifname'],
  ['a name with a colon', { kind: 'bridge', ifname: 'a:b' }, 'ERR_NETLOOM_ARGUMENT', 'ifname'],
  ['a name that is a folder', { kind: 'bridge', ifname: '..' }, 'ERR_NETLOOM_ARGUMENT', 'ifname'],
  ['two patterns', { kind: 'bridge', ifname: 'a%d%d' }, 'ERR_NETLOOM_ARGUMENT', 'ifname'],
  ['a name that is taken', { kind: 'bridge', ifname: 'br0' }, 'EEXIST', 'ifname'],
  ['a group address', { kind: 'bridge', address: '01:00:00:00:00:01' }, 'ERR_NETLOOM_ARGUMENT', 'address'],
  ['a short address', { kind: 'bridge', address: '02:00:00' }, 'ERR_NETLOOM_ARGUMENT', 'address'],
  ['a negative MTU', { kind: 'bridge', mtu: -1 }, 'ERR_NETLOOM_ARGUMENT', 'mtu'],
  ['an MTU below the least', { kind: 'bridge', mtu: 10 }, 'EINVAL', 'mtu', /mtu less than device minimum/],
  [
    'an MTU above the most',
    { kind: 'bridge', mtu: 100_000 },
    'EINVAL',
    'mtu',
    /mtu greater than device maximum/,
  ],
  ['a fraction', { kind: 'bridge', txqlen: 1.5 }, 'ERR_NETLOOM_ARGUMENT', 'txqlen'],
  ['a negative index', { kind: 'bridge', ifindex: -1 }, 'ERR_NETLOOM_ARGUMENT', 'ifindex'],
  ['a misspelt option', { kind: 'bridge', vlanFiltring: true }, 'ERR_NETLOOM_ARGUMENT', 'vlanFiltring'],
  ['an option of another kind', { kind: 'bridge', id: 7 }, 'ERR_NETLOOM_ARGUMENT', 'id'],
  [
    'a forward delay out of range',
    { kind: 'bridge', stpState: 1, forwardDelay: 500 },
    'ERR_NETLOOM_IGNORED',
    'forwardDelay',
  ],
  ['a master that is not there', { kind: 'bridge', master: 'br7' }, 'ENODEV', 'master'],
  ['a bridge in a bridge', { kind: 'bridge', master: 'br0' }, 'ELOOP', 'master', /bridge/i],
  ['a lower link that is not there', { kind: 'macvlan', link: 'low' }, 'ENODEV', 'link'],
  ['a macvlan on a macvlan mode', { kind: 'macvlan', link: 'v0', mode: 3 }, 'EINVAL', 'mode'],
  ['a VXLAN id out of range', { kind: 'vxlan', id: 16_777_216 }, 'ERANGE', 'id', /lower than 16777216/],
  [
    'a multicast VXLAN without a link',
    { kind: 'vxlan', id: 7, group: '239.1.1.1' },
    'EINVAL',
    '',
    /Local interface required/,
  ],
  [
    'a VXLAN group that is no address',
    { kind: 'vxlan', id: 7, group: 'nowhere' },
    'ERR_NETLOOM_ARGUMENT',
    'group',
  ],
  ['a peer whose name is taken', { kind: 'veth', ifname: 'v2', peer: { ifname: 'v1' } }, 'EEXIST', 'peer'],
  [
    'a TUN by netlink',
    { kind: 'tun', data: new Uint8Array() },
    'EOPNOTSUPP',
    '',
    /via rtnetlink is not supported/,
  ],
  ['an alias too long', { kind: 'bridge', ifalias: 'x'.repeat(256) }, 'ERR_NETLOOM_ARGUMENT', 'ifalias'],
  [
    'an address generation that is none',
    { kind: 'bridge', addrGenMode: 9 },
    'ERR_NETLOOM_ARGUMENT',
    'addrGenMode',
  ],
];

test.each(LINKS)('%s', async (_, options, code, field, words) => {
  const before = (await netns.links.list()).map(({ ifindex, altnames }) => [ifindex, altnames]);
  const error = await netns.links.create(options as NewLink).then(
    () => undefined,
    (refused: unknown) => refused,
  );
  expect(error).toBeInstanceOf(NetloomError);
  const refused = error as NetloomError;
  expect({ code: refused.code, field: refused.field ?? '' }).toEqual({ code, field });
  expect(refused.message.split('\n')[0]).toMatch(/^(cannot|invalid) /);
  if (words !== undefined) expect(refused.kernelMessage).toMatch(words);
  if (refused instanceof NetlinkError) {
    expect(refused.errno).toBeGreaterThan(0);
    expect(refused.request).toBe('RTM_NEWLINK');
    expect(refused.command).toContain(`ip -n ${netns.name} link add`);
  }
  expect((await netns.links.list()).map(({ ifindex, altnames }) => [ifindex, altnames])).toEqual(before);
});
