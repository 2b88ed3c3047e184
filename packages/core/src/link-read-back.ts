import { isDeepStrictEqual } from 'node:util';
import { NetloomError } from './errors.js';
import type { Link } from './link.js';
import type { LinkBirth } from './link-options.js';

/** Orders rather than states: they are carried out, and there is nothing to read back. */
const ORDERS = new Set(['fdbFlush', 'flush', 'multiBoolopt']);

type KindData = Readonly<Record<string, unknown>> | Uint8Array | undefined;

/** What was asked of a link; references are indices by now. */
export interface Asked {
  readonly settings: LinkBirth;
  readonly master?: number | undefined;
  readonly data?: KindData;
  readonly slaveData?: KindData;
}

/** The first option that does not stand as it was asked for, by the caller's name. */
export function ignoredField(link: Link, asked: Asked): string | undefined {
  const { ifname, mtu, address, txqlen, group, up, ifalias, addrGenMode } = asked.settings;
  const wanted = {
    mtu,
    address: address?.toLowerCase(),
    txqlen,
    group,
    up,
    ifalias,
    addrGenMode,
    master: asked.master === 0 ? undefined : asked.master,
    ...(ifname?.includes('%') === true ? {} : { ifname }),
  };
  for (const [name, value] of Object.entries(wanted)) {
    if (value !== undefined && (link as unknown as Record<string, unknown>)[name] !== value) return name;
  }
  if (asked.master === 0 && link.master !== undefined) return 'master';
  // A veth's peer is never read back with it: it is read from its own namespace.
  const data = link.kind === 'veth' ? undefined : ignoredData(link.data, asked.data);
  return data ?? ignoredData(link.slaveData, asked.slaveData);
}

function ignoredData(stands: KindData, asked: KindData): string | undefined {
  if (asked === undefined || asked instanceof Uint8Array) return undefined;
  const there = stands === undefined || stands instanceof Uint8Array ? {} : stands;
  return Object.entries(asked).find(([name, value]) => {
    const normal = typeof value === 'string' ? value.toLowerCase() : value;
    return !ORDERS.has(name) && !isDeepStrictEqual(there[name], normal);
  })?.[0];
}

/** The error for an option that the kernel acknowledged and did not take. */
export function ignoredError(what: string, field: string, command: string): NetloomError {
  return new NetloomError('ERR_NETLOOM_IGNORED', `cannot ${what}: the kernel ignored ${field}`, {
    field,
    request: 'RTM_NEWLINK',
    hint: 'this kernel is built without it, rounds the value, or another option overrides it',
    command,
  });
}
