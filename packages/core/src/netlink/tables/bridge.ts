import { be16, bool8, bytes, flag, lladdr, seconds32, seconds64, struct, u8, u16, u32 } from '../codec.js';
import { attr, table } from '../table.js';

/** struct br_boolopt_multi: a bit in `mask` says which bits of `value` are meant. */
export const BRIDGE_BOOLEAN_OPTIONS = struct('br_boolopt_multi', { value: u32, mask: u32 });

/** struct ifla_bridge_id. */
export const BRIDGE_ID = struct('ifla_bridge_id', {
  priority: u16,
  address0: u8,
  address1: u8,
  address2: u8,
  address3: u8,
  address4: u8,
  address5: u8,
});

/** IFLA_BR_*: times are seconds here, clock_t ticks on the wire (net/bridge/br_netlink.c). */
export const BRIDGE = table('IFLA_BR', {
  forwardDelay: attr(1, seconds32),
  helloTime: attr(2, seconds32),
  maxAge: attr(3, seconds32),
  ageingTime: attr(4, seconds32),
  stpState: attr(5, u32),
  priority: attr(6, u16),
  vlanFiltering: attr(7, bool8),
  vlanProtocol: attr(8, be16),
  groupFwdMask: attr(9, u16),
  rootId: attr(10, BRIDGE_ID),
  bridgeId: attr(11, BRIDGE_ID),
  rootPort: attr(12, u16),
  rootPathCost: attr(13, u32),
  topologyChange: attr(14, bool8),
  topologyChangeDetected: attr(15, bool8),
  helloTimer: attr(16, seconds64),
  tcnTimer: attr(17, seconds64),
  topologyChangeTimer: attr(18, seconds64),
  gcTimer: attr(19, seconds64),
  groupAddr: attr(20, lladdr),
  fdbFlush: attr(21, flag),
  mcastRouter: attr(22, u8),
  mcastSnooping: attr(23, bool8),
  mcastQueryUseIfaddr: attr(24, bool8),
  mcastQuerier: attr(25, bool8),
  mcastHashElasticity: attr(26, u32),
  mcastHashMax: attr(27, u32),
  mcastLastMemberCnt: attr(28, u32),
  mcastStartupQueryCnt: attr(29, u32),
  mcastLastMemberIntvl: attr(30, seconds64),
  mcastMembershipIntvl: attr(31, seconds64),
  mcastQuerierIntvl: attr(32, seconds64),
  mcastQueryIntvl: attr(33, seconds64),
  mcastQueryResponseIntvl: attr(34, seconds64),
  mcastStartupQueryIntvl: attr(35, seconds64),
  nfCallIptables: attr(36, bool8),
  nfCallIp6tables: attr(37, bool8),
  nfCallArptables: attr(38, bool8),
  vlanDefaultPvid: attr(39, u16),
  vlanStatsEnabled: attr(41, bool8),
  mcastStatsEnabled: attr(42, bool8),
  mcastIgmpVersion: attr(43, u8),
  mcastMldVersion: attr(44, u8),
  vlanStatsPerPort: attr(45, bool8),
  multiBoolopt: attr(46, BRIDGE_BOOLEAN_OPTIONS),
  mcastQuerierState: attr(47, bytes),
  fdbNLearned: attr(48, u32),
  fdbMaxLearned: attr(49, u32),
});
