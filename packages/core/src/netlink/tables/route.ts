import { be16, bytes, ipAddress, string, struct, u8, u16, u32 } from '../codec.js';
import { format } from '../message.js';
import { attr, nested, table } from '../table.js';

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

/** struct rtmsg. */
export const ROUTE_HEADER = struct('rtmsg', {
  family: u8,
  dstLen: u8,
  srcLen: u8,
  tos: u8,
  table: u8,
  protocol: u8,
  scope: u8,
  type: u8,
  flags: u32,
});

/** struct rta_cacheinfo. */
export const ROUTE_CACHE_INFO = struct('rta_cacheinfo', {
  clntref: u32,
  lastuse: u32,
  expires: u32,
  error: u32,
  used: u32,
  id: u32,
  ts: u32,
  tsage: u32,
});

/** RTAX_*: metrics of a route. */
export const ROUTE_METRICS = table('RTAX', {
  lock: attr(1, u32),
  mtu: attr(2, u32),
  window: attr(3, u32),
  rtt: attr(4, u32),
  rttvar: attr(5, u32),
  ssthresh: attr(6, u32),
  cwnd: attr(7, u32),
  advmss: attr(8, u32),
  reordering: attr(9, u32),
  hoplimit: attr(10, u32),
  initcwnd: attr(11, u32),
  features: attr(12, u32),
  rtoMin: attr(13, u32),
  initrwnd: attr(14, u32),
  quickack: attr(15, u32),
  ccAlgo: attr(16, string),
  fastopenNoCookie: attr(17, u32),
});

export const ROUTE = table('RTA', {
  dst: attr(1, ipAddress),
  src: attr(2, ipAddress),
  iif: attr(3, u32),
  oif: attr(4, u32),
  gateway: attr(5, ipAddress),
  priority: attr(6, u32),
  prefsrc: attr(7, ipAddress),
  metrics: attr(8, nested(ROUTE_METRICS)),
  multipath: attr(9, bytes),
  protoinfo: attr(10, bytes),
  flow: attr(11, u32),
  cacheinfo: attr(12, ROUTE_CACHE_INFO),
  table: attr(15, u32),
  mark: attr(16, u32),
  mfcStats: attr(17, bytes),
  via: attr(18, bytes),
  newdst: attr(19, bytes),
  pref: attr(20, u8),
  encapType: attr(21, u16),
  encap: attr(22, bytes),
  expires: attr(23, u32),
  uid: attr(25, u32),
  ttlPropagate: attr(26, u8),
  ipProto: attr(27, u8),
  sport: attr(28, be16),
  dport: attr(29, be16),
  nhId: attr(30, u32),
});

export const ROUTE_MESSAGE = format(ROUTE_HEADER, ROUTE);

export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;
export const RT_SCOPE_HOST = 254;
export const RT_SCOPE_NOWHERE = 255;
export const RT_TABLE_MAIN = 254;
/** RTM_F_CLONED: a cached clone, which `ip route` does not list. */
export const RTM_F_CLONED = 0x200;
