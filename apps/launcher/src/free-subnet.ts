import { randomBytes, randomInt } from 'node:crypto';
import { type Netns, NetloomError, overlaps, parsePrefix, type Prefix } from '@netloom/core';

/** A subnet, and the addresses in it by number. */
export interface Subnet {
  readonly prefix: string;
  /** The nth host's address with the subnet's length, `10.77.4.2/24`. */
  host(n: number): string;
}

const TRIES = 256;

/** A random /24 of 10.0.0.0/8, or of 172.16.0.0/12 and 192.168.0.0/16 when a route covers 10.0.0.0/8. */
export function chooseIpv4(taken: readonly Prefix[]): Subnet {
  const choices = [
    () => `10.${randomInt(256)}.${randomInt(256)}`,
    () => `172.${randomInt(16, 32)}.${randomInt(256)}`,
    () => `192.168.${randomInt(256)}`,
  ];
  return choose('IPv4', taken, choices, (start) => ({
    prefix: `${start}.0/24`,
    host: (n) => `${start}.${n}/24`,
  }));
}

/** A unique local /64 (RFC 4193: 40 random bits below fd00::/8). */
export function chooseIpv6(taken: readonly Prefix[]): Subnet {
  const random = () => {
    const hex = randomBytes(5).toString('hex');
    // Without leading zeros, as everybody prints it (RFC 5952).
    const group = (start: number) => Number.parseInt(hex.slice(start, start + 4), 16).toString(16);
    return `fd${hex.slice(0, 2)}:${group(2)}:${group(6)}:1`;
  };
  return choose('IPv6', taken, [random], (start) => ({
    prefix: `${start}::/64`,
    host: (n) => `${start}::${n.toString(16)}/64`,
  }));
}

function choose(
  family: string,
  taken: readonly Prefix[],
  choices: readonly (() => string)[],
  make: (start: string) => Subnet,
): Subnet {
  for (const choice of choices) {
    for (let i = 0; i < TRIES; i++) {
      const subnet = make(choice());
      const prefix = parsePrefix('subnet', subnet.prefix);
      if (!taken.some((other) => overlaps(prefix, other))) return subnet;
    }
  }
  throw new NetloomError(
    'ERR_NETLOOM_SUBNET',
    `cannot find a free ${family} subnet: routes cover the private ranges`,
    {
      field: 'subnet',
      hint: 'see `ip route show table all`',
    },
  );
}

/** What addresses and routes of every table take, default routes and host-wide ranges left out. */
export async function takenPrefixes(netns: Netns, exceptLink?: number): Promise<Prefix[]> {
  const [routes, addresses] = await Promise.all([
    netns.routes.list({ table: 'all' }),
    netns.addresses.list(),
  ]);
  // A route that leads nowhere (blackhole) has no link, and takes its range all the same.
  const counts = (link: number | undefined) => exceptLink === undefined || link !== exceptLink;
  const fromRoutes = routes
    // A prefix of length 0 or a multicast range says nothing about who uses a subnet.
    .filter(({ dst, type, oif }) => dst !== 'default' && type !== 'multicast' && counts(oif))
    .map(({ dst }) => parsePrefix('route', dst))
    // What is as wide as half the internet is a default route in parts (a VPN's 0.0.0.0/1), and no subnet.
    .filter(({ family, length, address }) => length >= (family === 4 ? 8 : 7) && !address.startsWith('ff00'));
  const fromAddresses = addresses
    .filter(({ ifindex }) => counts(ifindex))
    .map(({ address, prefixlen }) => parsePrefix('address', `${address}/${prefixlen}`));
  return [...fromRoutes, ...fromAddresses];
}
