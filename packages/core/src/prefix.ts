import { ArgumentError } from './errors.js';
import { formatIp, parseIp } from './netlink/ip-address.js';
import { describe } from './options.js';

/** An IP prefix, taken apart. */
export interface Prefix {
  readonly family: 4 | 6;
  /** As text, normalised. */
  readonly address: string;
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** The text is made when it is asked for: most prefixes go to the kernel as bytes. */
class IpPrefix implements Prefix {
  readonly bytes: Uint8Array;
  readonly length: number;

  constructor(bytes: Uint8Array, length: number) {
    this.bytes = bytes;
    this.length = length;
  }

  get family(): 4 | 6 {
    return this.bytes.length === 4 ? 4 : 6;
  }

  get address(): string {
    return formatIp(this.bytes, 0, this.bytes.length);
  }
}

/** `192.0.2.1/24`, `2001:db8::1/64`; without a length it is one host. ArgumentError when it is neither. */
export function parsePrefix(field: string, text: unknown): Prefix {
  if (typeof text !== 'string') {
    throw new ArgumentError(field, `${describe(text)} is not an address such as 192.0.2.1/24`);
  }
  const slash = text.indexOf('/');
  const bytes = parseIp(slash === -1 ? text : text.slice(0, slash));
  const length = slash === -1 ? undefined : text.slice(slash + 1);
  if (bytes === undefined) throw new ArgumentError(field, `'${text}' is not an IP address or prefix`);
  const bits = bytes.length * 8;
  if (length !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(length)) {
    throw new ArgumentError(field, `'${text}': a prefix length is a number from 0 to ${bits}`);
  }
  const prefixLength = length === undefined ? bits : Number(length);
  if (prefixLength > bits) throw new ArgumentError(field, `'${text}': the prefix length is at most ${bits}`);
  return new IpPrefix(bytes, prefixLength);
}

/** The network of a prefix: host bits cleared. */
export function networkOf(prefix: Prefix): Uint8Array {
  return prefix.bytes.map((byte, i) => {
    const kept = Math.min(8, Math.max(0, prefix.length - i * 8));
    return byte & (0xff << (8 - kept));
  });
}

/** Whether one of two prefixes holds the other. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  if (a.family !== b.family) return false;
  const length = Math.min(a.length, b.length);
  const first = networkOf(new IpPrefix(a.bytes, length));
  const second = networkOf(new IpPrefix(b.bytes, length));
  return first.every((byte, i) => byte === second[i]);
}

/** AF_INET or AF_INET6. */
export function familyNumber(family: 4 | 6): number {
  return family === 4 ? 2 : 10;
}
