import { s32, struct, u8, u16, u32 } from '../codec.js';

/** struct ifinfomsg. */
export const LINK_HEADER = struct('ifinfomsg', {
  family: u8,
  pad: u8,
  type: u16,
  ifindex: s32,
  flags: u32,
  change: u32,
});
