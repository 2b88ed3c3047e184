import { randomInt } from 'node:crypto';
import { type Netns, NetloomError, overlaps, parsePrefix, type Prefix } from '@netloom/core';
import { describe, expect, test } from 'vitest';
import { chooseIpv4, chooseIpv6, takenPrefixes } from '../src/free-subnet.js';

const prefixes = (...texts: string[]): Prefix[] => texts.map((text) => parsePrefix('test', text));
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

describe('a free IPv4 subnet', () => {
  test('is a /24 of 10.0.0.0/8 with its hosts by number', () => {
    const subnet = chooseIpv4([]);
    const { prefix } = subnet;
    expect(prefix).toMatch(/^10\.\d{1,3}\.\d{1,3}\.0\/24$/);
    expect(subnet.host(7)).toBe(prefix.replace('.0/24', '.7/24'));
  });

  test('is another private range when one is covered', () => {
    expect(chooseIpv4(prefixes('10.0.0.0/8')).prefix).toMatch(/^172\.(1[6-9]|2\d|3[01])\.\d{1,3}\.0\/24$/);
    expect(chooseIpv4(prefixes('10.0.0.0/8', '172.16.0.0/12')).prefix).toMatch(/^192\.168\.\d{1,3}\.0\/24$/);
  });

  test('is clear of a range that is covered piecewise, and by parts smaller than itself', () => {
    const halves = prefixes('10.0.0.0/9', '10.128.0.0/9', '172.16.0.0/12');
    expect(chooseIpv4(halves).prefix).toMatch(/^192\.168\./);
    // All of 192.168.0.0/16 but 192.168.77.0/24, by one host in each.
    const hosts = Array.from({ length: 256 }, (_, i) => `192.168.${i}.200`).filter((_, i) => i !== 77);
    const found = new Set<string>();
    for (let i = 0; i < 20; i++) {
      try {
        found.add(chooseIpv4([...halves, ...prefixes(...hosts)]).prefix);
      } catch {
        // Chance may miss the only one.
      }
    }
    expect([...found]).toEqual(['192.168.77.0/24']);
  });

  test('is missing when all private ranges are covered', () => {
    const error = failure(() => chooseIpv4(prefixes(...PRIVATE)));
    expect(error).toMatchObject({
      code: 'ERR_NETLOOM_SUBNET',
      field: 'subnet',
      hint: 'see `ip route show table all`',
    });
    expect(error.message).toMatch(/^cannot find a free IPv4 subnet: /);
  });

  test('ignores IPv6', () => {
    expect(chooseIpv4(prefixes('::/1', 'fc00::/7')).prefix).toMatch(/^10\./);
  });
});

describe('a free IPv6 subnet', () => {
  test('is a unique local /64 as everybody prints it', () => {
    for (let i = 0; i < 200; i++) {
      const subnet = chooseIpv6([]);
      const { prefix } = subnet;
      expect(prefix).toMatch(/^fd[0-9a-f]{2}(:(0|[1-9a-f][0-9a-f]{0,3})){2}:1::\/64$/);
      expect(subnet.host(10)).toBe(prefix.replace('::/64', '::a/64'));
    }
  });

  test('is missing when a route covers them all', () => {
    const error = failure(() => chooseIpv6(prefixes('fc00::/7')));
    expect(error).toMatchObject({ code: 'ERR_NETLOOM_SUBNET', field: 'subnet' });
    expect(error.message).toMatch(/IPv6/);
  });
});

test('whatever is taken, a subnet overlaps none of it', () => {
  const rounds = 300;
  for (let i = 0; i < rounds; i++) {
    const taken = Array.from({ length: randomInt(60) }, randomPrefix);
    for (const choose of [chooseIpv4, chooseIpv6]) {
      let chosen: Prefix;
      try {
        chosen = parsePrefix('chosen', choose(taken).prefix);
      } catch (error) {
        // Only when there is next to nothing left: no random prefix is that short by design.
        expect.unreachable(
          `${taken.map(({ address, length }) => `${address}/${length}`).join(' ')}: ${String(error)}`,
        );
      }
      expect(taken.filter((other) => overlaps(chosen, other))).toEqual([]);
      // Told apart by plain arithmetic, too.
      if (chosen.family === 4) expect(taken.some((other) => contains4(other, chosen))).toBe(false);
    }
  }
});

describe('what is taken', () => {
  test('are routes of all tables and addresses, without defaults, multicast, and a link that is left out', async () => {
    const route = (dst: string, more: object = {}) => ({ dst, type: 'unicast', oif: 2, table: 254, ...more });
    const asked: unknown[] = [];
    const netns = {
      routes: {
        list: (filter: unknown) => {
          asked.push(filter);
          return Promise.resolve([
            route('default'),
            route('0.0.0.0/0', { type: 'unreachable' }),
            route('10.1.0.0/16'),
            route('10.2.0.0/16', { type: 'blackhole', oif: undefined, table: 77 }),
            route('10.3.0.0/24', { oif: 9 }),
            route('224.0.0.0/4', { type: 'multicast' }),
            route('ff00::/8', { type: 'multicast' }),
            route('ff00::/8'),
            route('fd00:1::/64'),
          ]);
        },
      },
      addresses: {
        list: () =>
          Promise.resolve([
            { ifindex: 2, address: '10.4.0.1', prefixlen: 24 },
            { ifindex: 9, address: '10.3.0.1', prefixlen: 24 },
            { ifindex: 2, address: 'fd00:2::1', prefixlen: 64 },
          ]),
      },
    } as unknown as Netns;
    const shown = (await takenPrefixes(netns, 9)).map(({ address, length }) => `${address}/${length}`);
    expect(asked).toEqual([{ table: 'all' }]);
    expect(shown).toEqual(['10.1.0.0/16', '10.2.0.0/16', 'fd00:1::/64', '10.4.0.1/24', 'fd00:2::1/64']);
    expect(await takenPrefixes(netns)).toHaveLength(7);
  });
});

function failure(call: () => unknown): NetloomError {
  try {
    call();
  } catch (error) {
    if (error instanceof NetloomError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** Longer than a private range: sixty of them leave room. */
function randomPrefix(): Prefix {
  if (randomInt(2) === 0) {
    const start = ['10', '172', '192.168'][randomInt(3)] ?? '10';
    const bytes = start.split('.').concat(Array.from({ length: 3 }, () => String(randomInt(256))));
    return parsePrefix('random', `${bytes.slice(0, 4).join('.')}/${randomInt(14, 33)}`);
  }
  const groups = Array.from({ length: 7 }, () => randomInt(0x10000).toString(16));
  return parsePrefix(
    'random',
    `fd${randomInt(256).toString(16).padStart(2, '0')}:${groups.join(':')}/${randomInt(14, 129)}`,
  );
}

function contains4(outer: Prefix, inner: Prefix): boolean {
  if (outer.family !== 4) return false;
  const number = ({ address }: Prefix) =>
    address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - Math.min(outer.length, inner.length));
  return Math.floor(number(outer) / size) === Math.floor(number(inner) / size);
}
