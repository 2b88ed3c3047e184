// linux/if_tun.h: what a device is (TUNSETIFF) and what its reader can take (TUNSETOFFLOAD).

export const IFF_TUN = 0x0001;
export const IFF_TAP = 0x0002;
export const IFF_NAPI = 0x0010;
export const IFF_NO_CARRIER = 0x0040;
export const IFF_MULTI_QUEUE = 0x0100;
export const IFF_NO_PI = 0x1000;
export const IFF_VNET_HDR = 0x4000;
export const IFF_TUN_EXCL = 0x8000;

export const TUN_F_CSUM = 0x01;
export const TUN_F_TSO4 = 0x02;
export const TUN_F_TSO6 = 0x04;
export const TUN_F_TSO_ECN = 0x08;
export const TUN_F_UFO = 0x10;
export const TUN_F_USO4 = 0x20;
export const TUN_F_USO6 = 0x40;

/** What the reader of a device accepts; names as in TUN_F_*. */
export interface TunOffloads {
  /** Frames without a complete checksum. The others need it. */
  csum?: boolean;
  /** TCP super-frames over IPv4 and IPv6. */
  tso4?: boolean;
  tso6?: boolean;
  /** TCP super-frames with ECN; needs tso4 or tso6. */
  tsoEcn?: boolean;
  /** UDP super-frames, both families at once (kernel 6.2). */
  uso?: boolean;
}

export function offloadBits(offloads: TunOffloads): number {
  const { csum, tso4, tso6, tsoEcn, uso } = offloads;
  return (
    (csum === true ? TUN_F_CSUM : 0) |
    (tso4 === true ? TUN_F_TSO4 : 0) |
    (tso6 === true ? TUN_F_TSO6 : 0) |
    (tsoEcn === true ? TUN_F_TSO_ECN : 0) |
    (uso === true ? TUN_F_USO4 | TUN_F_USO6 : 0)
  );
}
