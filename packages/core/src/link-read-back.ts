import { isDeepStrictEqual } from 'node:util';
import { NetloomError } from './errors.js';
import type { Link } from './link.js';
import type { LinkBirth } from './link-options.js';
import { sourceOf, Writer } from './netlink/bytes.js';
import type { AttributeSet, Table } from './netlink/table.js';
import { LINK_KINDS, PORT_KINDS } from './netlink/tables/link.js';

/** Orders rather than states: they are carried out, and there is nothing to read back. */
const ORDERS = new Set(['fdbFlush', 'flush', 'multiBoolopt']);

type KindTable = Table<AttributeSet>;
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
    // An empty alias is none.
    ifalias: ifalias === '' ? undefined : ifalias,
    addrGenMode,
    master: asked.master === 0 ? undefined : asked.master,
    ...(ifname?.includes('%') === true ? {} : { ifname }),
  };
  for (const [name, value] of Object.entries(wanted)) {
    if (value !== undefined && (link as unknown as Record<string, unknown>)[name] !== value) return name;
  }
  if (asked.master === 0 && link.master !== undefined) return 'master';
  // A veth's peer is never read back with it: it is read from its own namespace.
  const data =
    link.kind === 'veth' ? undefined : ignoredData(LINK_KINDS.get(link.kind ?? ''), link.data, asked.data);
  return data ?? ignoredData(PORT_KINDS.get(link.slaveKind ?? ''), link.slaveData, asked.slaveData);
}

function ignoredData(table: KindTable | undefined, stands: KindData, asked: KindData): string | undefined {
  if (asked === undefined || asked instanceof Uint8Array) return undefined;
  const there = stands === undefined || stands instanceof Uint8Array ? {} : stands;
  const normal = table === undefined ? asked : written(table, asked);
  const same = (name: string) => {
    const codec = table?.attributes[name]?.codec;
    if (codec?.same === undefined) return isDeepStrictEqual(there[name], normal[name]);
    return name in there && codec.same(there[name], normal[name]);
  };
  return Object.keys(asked).find((name) => !ORDERS.has(name) && !same(name));
}

/** What was asked as it reads when it has been written: an address in its normal form, a time in whole ticks. */
function written(table: KindTable, asked: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const writer = new Writer();
  table.encode(writer, asked);
  const bytes = writer.finish();
  return table.decode(sourceOf(bytes), 0, bytes.length);
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
