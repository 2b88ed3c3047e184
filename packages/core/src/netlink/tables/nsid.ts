import { s32, struct, u8, u32 } from '../codec.js';
import { format } from '../message.js';
import { attr, table } from '../table.js';

export const RTM_NEWNSID = 88;
export const RTM_DELNSID = 89;
export const RTM_GETNSID = 90;

/** struct rtgenmsg, padded to the alignment of attributes. */
export const NSID_HEADER = struct('rtgenmsg', { family: u8 });

export const NSID = table('NETNSA', {
  nsid: attr(1, s32),
  pid: attr(2, u32),
  fd: attr(3, u32),
  targetNsid: attr(4, s32),
  currentNsid: attr(5, s32),
});

export const NSID_MESSAGE = format(NSID_HEADER, NSID);
