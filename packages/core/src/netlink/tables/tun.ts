import { bool8, u8, u32 } from '../codec.js';
import { attr, table } from '../table.js';

/** IFLA_TUN_*: read only; TUN and TAP devices are made by ioctl (TUNSETIFF). */
export const TUN = table('IFLA_TUN', {
  owner: attr(1, u32),
  group: attr(2, u32),
  /** 1 TUN, 2 TAP. */
  type: attr(3, u8),
  pi: attr(4, bool8),
  vnetHdr: attr(5, bool8),
  persist: attr(6, bool8),
  multiQueue: attr(7, bool8),
  numQueues: attr(8, u32),
  numDisabledQueues: attr(9, u32),
});
