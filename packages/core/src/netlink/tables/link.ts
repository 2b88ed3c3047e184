import { bool8, bytes, lladdr, s32, string, struct, text, u8, u16, u32, u64 } from '../codec.js';
import { format } from '../message.js';
import { attr, type AttributeSet, chosenBy, many, nested, type Table, table } from '../table.js';
import { BRIDGE } from './bridge.js';
import { BRIDGE_PORT } from './bridge-port.js';
import { MACVLAN } from './macvlan.js';
import { TUN } from './tun.js';
import { IPVLAN } from './ipvlan.js';
import { LINK_HEADER } from './link-header.js';
import { vethTable } from './veth.js';
import { VLAN } from './vlan.js';
import { VRF } from './vrf.js';
import { VXLAN } from './vxlan.js';

// linux/rtnetlink.h, linux/if_link.h
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_SETLINK = 19;
export const RTM_NEWLINKPROP = 108;
export const RTM_DELLINKPROP = 109;

/** VETH_INFO_*: the peer is a link message of its own. */
export const VETH: Table<AttributeSet> = vethTable(() => LINK);

/** Data by kind (IFLA_INFO_KIND); a kind without a table is read and written as bytes. */
export const LINK_KINDS: ReadonlyMap<string, Table<AttributeSet>> = new Map<string, Table<AttributeSet>>([
  ['bridge', BRIDGE],
  ['ipvlan', IPVLAN],
  ['macvlan', MACVLAN],
  ['macvtap', MACVLAN],
  ['tun', TUN],
  ['veth', VETH],
  ['vlan', VLAN],
  ['vrf', VRF],
  ['vxlan', VXLAN],
]);

/** Data of a port by its master's kind (IFLA_INFO_SLAVE_KIND). */
export const PORT_KINDS: ReadonlyMap<string, Table<AttributeSet>> = new Map<string, Table<AttributeSet>>([
  ['bridge', BRIDGE_PORT],
]);

export const LINKINFO = table('IFLA_INFO', {
  kind: attr(1, string),
  data: attr(2, chosenBy('kind', LINK_KINDS)),
  xstats: attr(3, bytes),
  slaveKind: attr(4, string),
  slaveData: attr(5, chosenBy('slaveKind', PORT_KINDS)),
});

/** struct rtnl_link_stats64; later kernels append fields. */
export const LINK_STATS = struct('rtnl_link_stats64', {
  rxPackets: u64,
  txPackets: u64,
  rxBytes: u64,
  txBytes: u64,
  rxErrors: u64,
  txErrors: u64,
  rxDropped: u64,
  txDropped: u64,
  multicast: u64,
  collisions: u64,
  rxLengthErrors: u64,
  rxOverErrors: u64,
  rxCrcErrors: u64,
  rxFrameErrors: u64,
  rxFifoErrors: u64,
  rxMissedErrors: u64,
  txAbortedErrors: u64,
  txCarrierErrors: u64,
  txFifoErrors: u64,
  txHeartbeatErrors: u64,
  txWindowErrors: u64,
  rxCompressed: u64,
  txCompressed: u64,
  rxNohandler: u64,
  rxOtherhostDropped: u64,
});

export const LINK_INET6 = table('IFLA_INET6', {
  flags: attr(1, u32),
  conf: attr(2, bytes),
  stats: attr(3, bytes),
  cacheinfo: attr(5, bytes),
  icmp6stats: attr(6, bytes),
  token: attr(7, bytes),
  /** enum in6_addr_gen_mode: 0 EUI-64, 1 none, 2 stable privacy, 3 random. */
  addrGenMode: attr(8, u8),
  raMtu: attr(9, u32),
});

/** Per address family; the number is AF_INET (2), AF_INET6 (10). */
export const LINK_AF_SPEC = table('AF', {
  inet: attr(2, bytes),
  inet6: attr(10, nested(LINK_INET6)),
});

export const LINK_PROPERTIES = table('IFLA', { altIfname: many(53, string) });

export const LINK = table('IFLA', {
  address: attr(1, lladdr),
  broadcast: attr(2, lladdr),
  ifname: attr(3, string),
  mtu: attr(4, u32),
  link: attr(5, u32),
  qdisc: attr(6, string),
  stats: attr(7, bytes),
  master: attr(10, u32),
  protinfo: attr(12, bytes),
  txqlen: attr(13, u32),
  map: attr(14, bytes),
  operstate: attr(16, u8),
  linkmode: attr(17, u8),
  linkinfo: attr(18, nested(LINKINFO)),
  netNsPid: attr(19, u32),
  ifalias: attr(20, text),
  numVf: attr(21, u32),
  vfinfoList: attr(22, bytes),
  stats64: attr(23, LINK_STATS),
  afSpec: attr(26, nested(LINK_AF_SPEC)),
  group: attr(27, u32),
  netNsFd: attr(28, u32),
  extMask: attr(29, u32),
  promiscuity: attr(30, u32),
  numTxQueues: attr(31, u32),
  numRxQueues: attr(32, u32),
  carrier: attr(33, bool8),
  physPortId: attr(34, bytes),
  carrierChanges: attr(35, u32),
  physSwitchId: attr(36, bytes),
  linkNetnsid: attr(37, s32),
  physPortName: attr(38, string),
  protoDown: attr(39, bool8),
  gsoMaxSegs: attr(40, u32),
  gsoMaxSize: attr(41, u32),
  xdp: attr(43, bytes),
  event: attr(44, u32),
  newNetnsid: attr(45, s32),
  targetNetnsid: attr(46, s32),
  carrierUpCount: attr(47, u32),
  carrierDownCount: attr(48, u32),
  newIfindex: attr(49, s32),
  minMtu: attr(50, u32),
  maxMtu: attr(51, u32),
  propList: attr(52, nested(LINK_PROPERTIES)),
  altIfname: attr(53, string),
  permAddress: attr(54, lladdr),
  protoDownReason: attr(55, bytes),
  parentDevName: attr(56, string),
  parentDevBusName: attr(57, string),
  groMaxSize: attr(58, u32),
  tsoMaxSize: attr(59, u32),
  tsoMaxSegs: attr(60, u32),
  allmulti: attr(61, u32),
  devlinkPort: attr(62, bytes),
  gsoIpv4MaxSize: attr(63, u32),
  groIpv4MaxSize: attr(64, u32),
  dpllPin: attr(65, bytes),
  maxPacingOffloadHorizon: attr(66, u32),
  netnsImmutable: attr(67, u8),
  headroom: attr(68, u16),
  tailroom: attr(69, u16),
});

export const LINK_MESSAGE = format(LINK_HEADER, LINK);

/** net_device flags (linux/if.h). */
export const IFF_UP = 0x1;
export const IFF_NOARP = 0x80;
export const IFF_PROMISC = 0x100;
export const IFF_ALLMULTI = 0x200;
export const IFF_MULTICAST = 0x1000;

/** Leaves the per-family statistics (IFLA_INET6_STATS, …) out of an answer: a quarter of it. */
export const RTEXT_FILTER_SKIP_STATS = 1 << 3;
