import { type Message, readAttributes, readHeader } from './netlink/message.js';
import type { UnknownAttribute, ValuesOf } from './netlink/table.js';
import { type BRIDGE } from './netlink/tables/bridge.js';
import { IFF_UP, LINK_MESSAGE, type LINK_STATS } from './netlink/tables/link.js';
import type { StructOf } from './netlink/codec.js';

/** RFC 2863 operational state (IFLA_OPERSTATE). */
export type OperState = 'unknown' | 'notpresent' | 'down' | 'lowerlayerdown' | 'testing' | 'dormant' | 'up';

const OPER_STATES: readonly OperState[] = [
  'unknown',
  'notpresent',
  'down',
  'lowerlayerdown',
  'testing',
  'dormant',
  'up',
];

/** struct rtnl_link_stats64 as far as the running kernel has it. */
export type LinkStats = Partial<StructOf<typeof LINK_STATS.fields>>;

/** Attributes of a kind as the kernel sends them; `bridge` is the best known. */
export type BridgeData = ValuesOf<typeof BRIDGE>;

/** A network link as RTM_GETLINK shows it. Names are the kernel's; what it did not send is not there. */
export interface Link {
  readonly ifindex: number;
  readonly ifname: string;
  /** ARPHRD_*: 1 Ethernet, 772 loopback, 65534 none. */
  readonly type: number;
  /** IFF_*. */
  readonly flags: number;
  /** IFF_UP: administratively up. */
  readonly up: boolean;
  readonly mtu: number;
  readonly operstate: OperState;
  readonly carrier: boolean;
  /** Link-layer address. */
  readonly address?: string;
  readonly broadcast?: string;
  readonly permAddress?: string;
  /** ifindex of the bridge, bond or VRF that it is a port of. */
  readonly master?: number;
  /** ifindex of the lower link, or of the veth peer; in the namespace `linkNetnsid` when that is given. */
  readonly link?: number;
  readonly linkNetnsid?: number;
  readonly altnames: readonly string[];
  readonly ifalias?: string;
  readonly group: number;
  /** Frames. */
  readonly txqlen: number;
  readonly numTxQueues?: number;
  readonly numRxQueues?: number;
  readonly qdisc?: string;
  readonly minMtu?: number;
  readonly maxMtu?: number;
  /** IPv6 address generation: 0 EUI-64, 1 none, 2 stable privacy, 3 random. */
  readonly addrGenMode?: number;
  /** `bridge`, `veth`, `tun`, …; hardware has none. */
  readonly kind?: string;
  /** Attributes of the kind; bytes when Netloom has no table for it. */
  readonly data?: Readonly<Record<string, unknown>> | Uint8Array;
  /** The master's kind, and this port's attributes there. */
  readonly slaveKind?: string;
  readonly slaveData?: Readonly<Record<string, unknown>> | Uint8Array;
  /** Counters since the link was made, or since its driver reset them. */
  readonly stats: LinkStats;
  /** Attributes that Netloom has no name for, as they came. */
  readonly unknown?: readonly UnknownAttribute[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Fields of a link that are attributes of the same name. */
const PLAIN = [
  'address',
  'broadcast',
  'permAddress',
  'master',
  'link',
  'linkNetnsid',
  'ifalias',
  'numTxQueues',
  'numRxQueues',
  'qdisc',
  'minMtu',
  'maxMtu',
  'unknown',
] as const;

export function readLink(message: Message): Link {
  const header = readHeader(LINK_MESSAGE, message);
  const attributes = readAttributes(LINK_MESSAGE, message);
  const link: Writable<Link> = {
    ifindex: header.ifindex,
    ifname: attributes.ifname ?? '',
    type: header.type,
    flags: header.flags,
    up: (header.flags & IFF_UP) !== 0,
    mtu: attributes.mtu ?? 0,
    operstate: OPER_STATES[attributes.operstate ?? 0] ?? 'unknown',
    carrier: attributes.carrier ?? false,
    altnames: attributes.propList?.altIfname ?? [],
    group: attributes.group ?? 0,
    txqlen: attributes.txqlen ?? 0,
    stats: attributes.stats64 ?? {},
  };
  for (const name of PLAIN) {
    if (attributes[name] !== undefined) Object.assign(link, { [name]: attributes[name] });
  }
  const addrGenMode = attributes.afSpec?.inet6?.addrGenMode;
  if (addrGenMode !== undefined) link.addrGenMode = addrGenMode;
  const { linkinfo } = attributes;
  if (linkinfo?.kind !== undefined) link.kind = linkinfo.kind;
  if (linkinfo?.data !== undefined) link.data = linkinfo.data;
  if (linkinfo?.slaveKind !== undefined) link.slaveKind = linkinfo.slaveKind;
  if (linkinfo?.slaveData !== undefined) link.slaveData = linkinfo.slaveData;
  return link;
}
