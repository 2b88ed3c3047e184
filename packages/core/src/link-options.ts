import { ArgumentError } from './errors.js';
import type { TableNames } from './link-kinds.js';
import { KIND_TABLES, PORT_TABLES } from './link-kinds.js';
import { lladdr } from './netlink/codec.js';
import type { AttributeSet, Values } from './netlink/table.js';
import { IFF_NOARP, IFF_UP, type LINK, LINK_KINDS, PORT_KINDS } from './netlink/tables/link.js';
import { checkBoolean, checkIfname, checkInteger, checkMac, checkOptions } from './options.js';
import type { ValuesOf } from './netlink/table.js';

/** A link: its index, its name or alternative name, or anything that has an index (a handle, a Link). */
export type LinkRef = number | string | { readonly ifindex: number };

/** What every kind of link takes, at creation and later. */
export interface LinkSettings {
  /** At most 15 bytes, no '/', ':' or white space; `veth%d` lets the kernel choose the number. */
  ifname?: string;
  /** Bytes of a frame without its link-layer header. */
  mtu?: number;
  /** Link-layer address, `52:54:00:00:00:01`. */
  address?: string;
  broadcast?: string;
  /** Length of the transmit queue in frames. */
  txqlen?: number;
  /** Device group, 0 to 2^31-1; 0 is the group of every link that nobody moved. */
  group?: number;
  /** The bridge, bond or VRF that it becomes a port of; null takes it out. */
  master?: LinkRef | null;
  up?: boolean;
  /** Whether it answers ARP (IFF_NOARP is the opposite). */
  arp?: boolean;
  /** A text of up to 255 bytes that people read. */
  ifalias?: string;
  /** IPv6 address generation: 0 EUI-64, 1 none, 2 stable privacy, 3 random. */
  addrGenMode?: number;
}

/** What can be said only when a link is made. */
export interface LinkBirth extends LinkSettings {
  /** Index in its namespace; chosen at random when left out. */
  ifindex?: number;
  /** The lower link of a stacked device. */
  link?: LinkRef;
  numTxQueues?: number;
  numRxQueues?: number;
}

/** The names of what every link takes. */
export const LINK_SETTINGS: readonly (keyof LinkSettings)[] = [
  'ifname',
  'mtu',
  'address',
  'broadcast',
  'txqlen',
  'group',
  'master',
  'up',
  'arp',
  'ifalias',
  'addrGenMode',
];
export const BIRTH_NAMES: readonly string[] = [
  ...LINK_SETTINGS,
  'ifindex',
  'link',
  'numTxQueues',
  'numRxQueues',
];

/** The options that a link of a kind takes. */
export function linkOptionNames(kind: string): string[] {
  return [...BIRTH_NAMES, ...(KIND_TABLES.get(kind) ?? [])];
}

/** A link option turned into what the request carries; references are indices by now. */
export interface LinkParts {
  readonly ifindex: number;
  readonly flags: number;
  readonly change: number;
  readonly attributes: ValuesOf<typeof LINK>;
  /**
   * What a creating request accepts and ignores (rtnl_create_link), and what must stand before the link goes
   * up: a message of its own.
   */
  readonly later: ValuesOf<typeof LINK>;
}

/** Checks the options that all kinds share. */
export function checkSettings(options: LinkBirth): void {
  const { ifname, mtu, address, txqlen, group, up, arp, ifalias, addrGenMode, ifindex } = options;
  if (ifname !== undefined) checkIfname('ifname', ifname);
  if (mtu !== undefined) checkInteger('mtu', mtu, 0, 0xffff_ffff);
  if (address !== undefined) checkMac('address', address);
  const badBroadcast = options.broadcast === undefined ? undefined : lladdr.check?.(options.broadcast);
  if (badBroadcast !== undefined) throw new ArgumentError('broadcast', badBroadcast);
  if (txqlen !== undefined) checkInteger('txqlen', txqlen, 0, 0xffff_ffff);
  if (group !== undefined) checkInteger('group', group, 0, 0x7fff_ffff);
  if (up !== undefined) checkBoolean('up', up);
  if (arp !== undefined) checkBoolean('arp', arp);
  if (ifindex !== undefined) checkInteger('ifindex', ifindex, 1, 0x7fff_ffff);
  if (addrGenMode !== undefined) checkInteger('addrGenMode', addrGenMode, 0, 3);
  if (options.numTxQueues !== undefined) checkInteger('numTxQueues', options.numTxQueues, 1, 4096);
  if (options.numRxQueues !== undefined) checkInteger('numRxQueues', options.numRxQueues, 1, 4096);
  if (ifalias !== undefined && Buffer.byteLength(ifalias) > 255) {
    throw new ArgumentError('ifalias', `${Buffer.byteLength(ifalias)} bytes; at most 255`);
  }
}

/** Splits the flat options into what all kinds share and what this kind's table knows. */
export function splitOptions(
  kind: string,
  options: Readonly<Record<string, unknown>>,
): { settings: LinkBirth; data: Record<string, unknown> | Uint8Array | undefined } {
  const names: TableNames | undefined = KIND_TABLES.get(kind);
  const raw = options['data'] instanceof Uint8Array ? ['data'] : (names ?? ['data']);
  checkOptions(options, [...BIRTH_NAMES, 'kind', 'signal', ...raw]);
  const settings: Record<string, unknown> = {};
  const data: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (name === 'kind' || name === 'signal' || value === undefined) continue;
    if (name === 'data' && value instanceof Uint8Array) return { settings, data: value };
    // Where the kind has an attribute of the same name (the group of a VXLAN), the kind's is meant.
    if (names?.includes(name) === true) data[name] = value;
    else settings[name] = value;
  }
  checkData(LINK_KINDS.get(kind)?.attributes, data);
  return { settings, data: Object.keys(data).length === 0 ? undefined : data };
}

/** Checks a kind's attributes by their codecs; references to links are checked when they are looked up. */
function checkData(attributes: AttributeSet | undefined, data: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(data)) {
    const reason = name === 'link' ? undefined : attributes?.[name]?.codec.check?.(value);
    if (reason !== undefined) throw new ArgumentError(name, reason);
  }
}

/** The request's header and attributes; `refs` are the indices that names were resolved to. */
export function linkParts(
  settings: LinkBirth,
  refs: { master?: number | undefined; link?: number | undefined },
): LinkParts {
  const {
    up,
    arp,
    ifindex = 0,
    ifname,
    mtu,
    address,
    broadcast,
    txqlen,
    group,
    ifalias,
    addrGenMode,
  } = settings;
  let flags = 0;
  let change = 0;
  if (up !== undefined) {
    change |= IFF_UP;
    if (up) flags |= IFF_UP;
  }
  if (arp !== undefined) {
    change |= IFF_NOARP;
    if (!arp) flags |= IFF_NOARP;
  }
  const given = {
    ifname,
    mtu,
    address,
    broadcast,
    txqlen,
    group,
    ...refs,
    numTxQueues: settings.numTxQueues,
    numRxQueues: settings.numRxQueues,
  };
  const later = { ifalias, afSpec: addrGenMode === undefined ? undefined : { inet6: { addrGenMode } } };
  return { ifindex, flags, change, attributes: withoutUndefined(given), later: withoutUndefined(later) };
}

/** Port options (`isolated`, `learning`, …) checked against the master's kind. */
export function portAttributes(kind: string, options: object): Values<AttributeSet> {
  const names = PORT_TABLES.get(kind);
  if (names === undefined) throw new ArgumentError('master', `ports of a ${kind} have no options`);
  checkOptions(options, names);
  const given = withoutUndefined(options);
  checkData(PORT_KINDS.get(kind)?.attributes, { ...given });
  return given;
}

/** Options may be given as undefined (`exactOptionalPropertyTypes` is the caller's choice). */
export function withoutUndefined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
