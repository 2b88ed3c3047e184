// linux/netlink.h: protocols, message types and flags that every family shares.

export const NETLINK_ROUTE = 0;
export const NETLINK_GENERIC = 16;

export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_ECHO = 0x8;
/** The dump was inconsistent: something changed while it was made. */
export const NLM_F_DUMP_INTR = 0x10;
/** The kernel honoured the filter of a dump. */
export const NLM_F_DUMP_FILTERED = 0x20;
/** For requests that read: NLM_F_ROOT | NLM_F_MATCH. */
export const NLM_F_DUMP = 0x300;
/** For requests that make: replace, fail if it exists, make if it does not, append. */
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
/** On an error message: the request is not repeated, and extended attributes follow. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

/** sizeof(struct nlmsghdr). */
export const HEADER_SIZE = 16;
