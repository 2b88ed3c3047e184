import { bytes, lladdr, s32, u16, u32 } from '../codec.js';
import { attr, table } from '../table.js';

/** IFLA_MACVLAN_*, for macvlan and macvtap. */
export const MACVLAN = table('IFLA_MACVLAN', {
  /** 1 private, 2 vepa, 4 bridge, 8 passthru, 16 source. */
  mode: attr(1, u32),
  flags: attr(2, u16),
  macaddrMode: attr(3, u32),
  macaddr: attr(4, lladdr),
  macaddrData: attr(5, bytes),
  macaddrCount: attr(6, u32),
  bcQueueLen: attr(7, u32),
  bcQueueLenUsed: attr(8, u32),
  bcCutoff: attr(9, s32),
});
