import { be16, bytes, struct, u16, u32 } from '../codec.js';
import { attr, table } from '../table.js';

/** struct ifla_vlan_flags: a bit in `mask` says which bits of `flags` are meant. */
export const VLAN_FLAGS = struct('ifla_vlan_flags', { flags: u32, mask: u32 });

/** IFLA_VLAN_*: an 802.1Q or 802.1ad link above another (net/8021q). */
export const VLAN = table('IFLA_VLAN', {
  /** 0 to 4095. */
  id: attr(1, u16),
  flags: attr(2, VLAN_FLAGS),
  egressQos: attr(3, bytes),
  ingressQos: attr(4, bytes),
  /** 0x8100 for 802.1Q, 0x88a8 for 802.1ad. */
  protocol: attr(5, be16),
});
