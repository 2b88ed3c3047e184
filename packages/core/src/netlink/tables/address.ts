import { ipAddress, s32, string, struct, u8, u32 } from '../codec.js';
import { format } from '../message.js';
import { attr, table } from '../table.js';

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

/** struct ifaddrmsg. `flags` holds the low eight bits of IFA_FLAGS. */
export const ADDRESS_HEADER = struct('ifaddrmsg', {
  family: u8,
  prefixlen: u8,
  flags: u8,
  scope: u8,
  ifindex: u32,
});

/** struct ifa_cacheinfo; 0xffffffff is for ever. Seconds, and hundredths of a second since boot. */
export const ADDRESS_CACHE_INFO = struct('ifa_cacheinfo', {
  preferred: u32,
  valid: u32,
  created: u32,
  updated: u32,
});

export const ADDRESS = table('IFA', {
  address: attr(1, ipAddress),
  local: attr(2, ipAddress),
  label: attr(3, string),
  broadcast: attr(4, ipAddress),
  anycast: attr(5, ipAddress),
  cacheinfo: attr(6, ADDRESS_CACHE_INFO),
  multicast: attr(7, ipAddress),
  flags: attr(8, u32),
  rtPriority: attr(9, u32),
  targetNetnsid: attr(10, s32),
  proto: attr(11, u8),
});

export const ADDRESS_MESSAGE = format(ADDRESS_HEADER, ADDRESS);

/** IFA_F_* (linux/if_addr.h). */
export const IFA_F_SECONDARY = 0x01;
export const IFA_F_NODAD = 0x02;
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_DEPRECATED = 0x20;
export const IFA_F_TENTATIVE = 0x40;
export const IFA_F_PERMANENT = 0x80;
export const IFA_F_NOPREFIXROUTE = 0x200;
