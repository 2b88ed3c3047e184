/** Received bytes with the view that integers are read through. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Bytes with a view on them; nothing is copied. */
export function sourceOf(bytes: Uint8Array): Source {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Netlink pads messages and attributes to four bytes (NLMSG_ALIGNTO, NLA_ALIGNTO). */
export function align(length: number): number {
  return (length + 3) & ~3;
}

const encoder = new TextEncoder();
// A byte order mark is a character like any other to the kernel.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * A growing buffer that netlink messages are written to. Integers are in the host's byte order, which is
 * little-endian on every platform that Netloom is built for, unless the method's name says `be`.
 */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** A copy of a part. */
  slice(start: number, end: number): Uint8Array {
    return this.#bytes.slice(start, end);
  }

  /** Makes room for `count` zero bytes and returns their offset. */
  reserve(count: number): number {
    const start = this.#length;
    const end = start + count;
    if (end > this.#bytes.length) this.#grow(end);
    this.#length = end;
    return start;
  }

  /** Takes back all that was written after `length`. */
  truncate(length: number): void {
    this.#bytes.fill(0, length, this.#length);
    this.#length = length;
  }

  /** Appends one byte. */
  u8(value: number): void {
    const at = this.reserve(1);
    this.#view.setUint8(at, value);
  }

  /** Appends 16 bits. */
  u16(value: number): void {
    const at = this.reserve(2);
    this.#view.setUint16(at, value, true);
  }

  /** Appends 32 bits. */
  u32(value: number): void {
    const at = this.reserve(4);
    this.#view.setUint32(at, value, true);
  }

  /** Appends 64 bits. */
  u64(value: bigint): void {
    const at = this.reserve(8);
    this.#view.setBigUint64(at, value, true);
  }

  /** Appends 16 bits in network byte order. */
  be16(value: number): void {
    const at = this.reserve(2);
    this.#view.setUint16(at, value, false);
  }

  /** Appends 32 bits in network byte order. */
  be32(value: number): void {
    const at = this.reserve(4);
    this.#view.setUint32(at, value, false);
  }

  /** Appends bytes as they are. */
  raw(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Text as UTF-8 with the terminating zero that the kernel's string policies expect. */
  text(value: string): void {
    this.raw(encoder.encode(value));
    this.reserve(1);
  }

  /** Overwrites a 16-bit length that was reserved earlier. */
  patchU16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }

  /** The same for 32 bits. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** Starts an attribute; `end` wants the offset returned. */
  begin(type: number): number {
    const at = this.reserve(4);
    this.#view.setUint16(at + 2, type, true);
    return at;
  }

  /** Closes an attribute: its length without padding, then the padding. */
  end(at: number): void {
    const length = this.#length - at;
    if (length > 0xffff) throw new RangeError(`netlink attribute of ${length} bytes: the limit is 65,535`);
    this.#view.setUint16(at, length, true);
    this.reserve(align(length) - length);
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Text up to the first zero byte: kernels send some names with and some without the terminator. */
export function readText(bytes: Uint8Array, offset: number, length: number): string {
  let end = offset;
  const limit = offset + length;
  let ascii = '';
  while (end < limit) {
    const code = bytes[end] ?? 0;
    if (code === 0) return ascii;
    if (code > 0x7f) return decoder.decode(cutAtZero(bytes.subarray(offset, limit)));
    ascii += String.fromCharCode(code);
    end += 1;
  }
  return ascii;
}

function cutAtZero(bytes: Uint8Array): Uint8Array {
  const zero = bytes.indexOf(0);
  return zero === -1 ? bytes : bytes.subarray(0, zero);
}
