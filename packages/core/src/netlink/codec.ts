import { readText, type Source, type Writer } from './bytes.js';
import { formatIp, parseIp } from './ip-address.js';

/** How one attribute's payload is read and written. */
export interface Codec<T> {
  /** What it is called in documentation and in `describe`. */
  readonly name: string;
  /** The fewest bytes that can be read; a shorter payload is kept as an unknown attribute. */
  readonly size: number;
  /** The expression that reads it from `v` (DataView) at `p`; lets a compiled decoder do without a call. */
  readonly inline?: string;
  /** Why a value cannot be written, or undefined when it can: bad input is found before anything is sent. */
  readonly check?: (value: unknown) => string | undefined;
  /** Whether a value that was read back is the one that was written, where the kernel may round. */
  same?(read: T, written: T): boolean;
  /** The attribute set inside, for paths into nests. */
  readonly nest?: (siblings: object) => NestedSet | undefined;
  /** `siblings` are the attributes of the same set that stand before this one. */
  read(source: Source, offset: number, length: number, siblings: object): T;
  /** Appends the payload; the attribute around it is the encoder’s. */
  write(writer: Writer, value: T, siblings: object): void;
}

/** What a path through nests needs to know of a nested set. */
export interface NestedSet {
  readonly headerSize: number;
  /** The name of an attribute by its number; undefined when the set does not know it. */
  nameOf(type: number): string | undefined;
  /** How the attribute of that number is read and written. */
  codecOf(type: number): Codec<unknown> | undefined;
}

const integer = (min: number, max: number) => (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
    ? undefined
    : `${shown(value)} is not an integer from ${min} to ${max}`;

const boolean = (value: unknown) =>
  typeof value === 'boolean' ? undefined : `${shown(value)} is not true or false`;

/** The kernel keeps jiffies: what comes back may be off by one tick. */
const withinTick = (read: number, written: number) => Math.abs(read - written) < 0.015;

const ticks = (max: number) => (value: unknown) =>
  typeof value === 'number' && value >= 0 && value * 100 <= max
    ? undefined
    : `${shown(value)} is not a number of seconds from 0 to ${Math.floor(max / 100)}`;

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

export const u8: Codec<number> = {
  check: integer(0, 0xff),
  name: 'u8',
  size: 1,
  inline: 'v.getUint8(p)',
  read: (source, offset) => source.view.getUint8(offset),
  write: (writer, value) => writer.u8(value),
};

export const u16: Codec<number> = {
  check: integer(0, 0xffff),
  name: 'u16',
  size: 2,
  inline: 'v.getUint16(p,true)',
  read: (source, offset) => source.view.getUint16(offset, true),
  write: (writer, value) => writer.u16(value),
};

export const u32: Codec<number> = {
  check: integer(0, 0xffff_ffff),
  name: 'u32',
  size: 4,
  inline: 'v.getUint32(p,true)',
  read: (source, offset) => source.view.getUint32(offset, true),
  write: (writer, value) => writer.u32(value),
};

export const s32: Codec<number> = {
  check: integer(-0x8000_0000, 0x7fff_ffff),
  name: 's32',
  size: 4,
  inline: 'v.getInt32(p,true)',
  read: (source, offset) => source.view.getInt32(offset, true),
  write: (writer, value) => writer.u32(value),
};

/** 64-bit counters are bigint (invariant 8). */
export const u64: Codec<bigint> = {
  check: (value) =>
    typeof value === 'bigint' && value >= 0n && value < 1n << 64n
      ? undefined
      : `${shown(value)} is not a bigint from 0 to 2^64-1`,
  name: 'u64',
  size: 8,
  inline: 'v.getBigUint64(p,true)',
  read: (source, offset) => source.view.getBigUint64(offset, true),
  write: (writer, value) => writer.u64(value),
};

/** Network byte order, for the few attributes that have it. */
export const be16: Codec<number> = {
  check: integer(0, 0xffff),
  name: 'be16',
  size: 2,
  inline: 'v.getUint16(p)',
  read: (source, offset) => source.view.getUint16(offset),
  write: (writer, value) => writer.be16(value),
};

export const be32: Codec<number> = {
  check: integer(0, 0xffff_ffff),
  name: 'be32',
  size: 4,
  inline: 'v.getUint32(p)',
  read: (source, offset) => source.view.getUint32(offset),
  write: (writer, value) => writer.be32(value),
};

/** A boolean that the kernel keeps in a byte (NLA_U8 of 0 or 1). */
export const bool8: Codec<boolean> = {
  check: boolean,
  name: 'bool8',
  size: 1,
  inline: 'v.getUint8(p)!==0',
  read: (source, offset) => source.view.getUint8(offset) !== 0,
  write: (writer, value) => writer.u8(value ? 1 : 0),
};

/** The same in 32 bits. */
export const bool32: Codec<boolean> = {
  check: boolean,
  name: 'bool32',
  size: 4,
  inline: 'v.getUint32(p,true)!==0',
  read: (source, offset) => source.view.getUint32(offset, true) !== 0,
  write: (writer, value) => writer.u32(value ? 1 : 0),
};

/** NLA_FLAG: there or not. Encoding `false` would still set it, so only `true` is a value. */
export const flag: Codec<true> = {
  check: (value) => (value === true ? undefined : `${shown(value)} is not true: a flag is there or left out`),
  name: 'flag',
  size: 0,
  inline: 'true',
  read: () => true,
  write: () => undefined,
};

export const string: Codec<string> = {
  check: (value) => (typeof value === 'string' ? undefined : `${shown(value)} is not text`),
  name: 'string',
  size: 0,
  read: (source, offset, length) => readText(source.bytes, offset, length),
  write: (writer, value) => writer.text(value),
};

/** Text without the terminating zero, where the kernel counts the bytes (IFLA_IFALIAS: at most 255). */
export const text: Codec<string> = {
  ...string,
  name: 'text',
  write: (writer, value) => writer.raw(new TextEncoder().encode(value)),
};

/** Bytes as they are: a copy, so that they outlive the buffer of the reply. */
export const bytes: Codec<Uint8Array> = {
  check: (value) => (value instanceof Uint8Array ? undefined : `${shown(value)} is not a Uint8Array`),
  name: 'bytes',
  size: 0,
  read: (source, offset, length) => source.bytes.slice(offset, offset + length),
  write: (writer, value) => writer.raw(value),
};

/** A link-layer address of any length as `52:54:00:00:00:01`. */
export const lladdr: Codec<string> = {
  check: (value) =>
    typeof value === 'string' && /^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(value)
      ? undefined
      : `${shown(value)} is not a link-layer address`,
  name: 'lladdr',
  size: 0,
  read: (source, offset, length) => {
    let text = '';
    for (let i = 0; i < length; i++) {
      const byte = source.bytes[offset + i] ?? 0;
      text += `${i === 0 ? '' : ':'}${byte < 16 ? '0' : ''}${byte.toString(16)}`;
    }
    return text;
  },
  write: (writer, value) => {
    if (value === '') return;
    for (const part of value.split(':')) writer.u8(Number.parseInt(part, 16));
  },
};

/**
 * An IPv4 or IPv6 address, told apart by its length; other lengths are kept as text of hex bytes. Bytes are
 * written as they are, so that what was parsed already is not parsed again.
 */
export const ipAddress: Codec<string> = {
  name: 'ip-address',
  check: (value) =>
    value instanceof Uint8Array || (typeof value === 'string' && parseIp(value) !== undefined)
      ? undefined
      : `${shown(value)} is not an IP address`,
  size: 0,
  read: (source, offset, length) =>
    length === 4 || length === 16
      ? formatIp(source.bytes, offset, length)
      : lladdr.read(source, offset, length, {}),
  write: (writer, value: string | Uint8Array) => {
    const address = typeof value === 'string' ? parseIp(value) : value;
    if (address === undefined) throw new TypeError(`not an IP address: ${String(value)}`);
    writer.raw(address);
  },
};

/**
 * Seconds, where the kernel counts in USER_HZ ticks of 1/100 s (clock_t): `30` is 3,000 ticks.
 * The kernel's own clock may be coarser (jiffies), so a value can come back rounded.
 */
export const seconds32: Codec<number> = {
  check: ticks(0xffff_ffff),
  same: withinTick,
  name: 'seconds (u32 ticks)',
  size: 4,
  inline: 'v.getUint32(p,true)/100',
  read: (source, offset) => source.view.getUint32(offset, true) / 100,
  write: (writer, value) => writer.u32(Math.round(value * 100)),
};

export const seconds64: Codec<number> = {
  check: ticks(Number.MAX_SAFE_INTEGER),
  same: withinTick,
  name: 'seconds (u64 ticks)',
  size: 8,
  read: (source, offset) => Number(source.view.getBigUint64(offset, true)) / 100,
  write: (writer, value) => writer.u64(BigInt(Math.round(value * 100))),
};

/** A byte, a word …: the fixed header of a message, or a C structure inside an attribute. */
export type StructFields = Record<string, Codec<unknown>>;

/** The object that a structure reads and writes. */
export type StructOf<F extends StructFields> = {
  -readonly [K in keyof F]: F[K] extends Codec<infer T> ? T : never;
};

/** A C structure; kernels may send it shorter or longer than known, so what is there is read. */
export interface StructCodec<F extends StructFields> extends Codec<Partial<StructOf<F>>> {
  readonly fields: F;
  /** Bytes of the whole structure as this table knows it. */
  readonly fullSize: number;
  /** Every field; those that are missing in the bytes read as zero. */
  readWhole(source: Source, offset: number, length: number): StructOf<F>;
}

/** Fields in the C structure's order. Padding is written out as fields, as the kernel does. */
export function struct<const F extends StructFields>(name: string, fields: F): StructCodec<F> {
  const entries = Object.entries(fields);
  const fullSize = entries.reduce((sum, [, codec]) => sum + codec.size, 0);
  const readFields = (source: Source, offset: number, length: number, missing: boolean) => {
    const value: Record<string, unknown> = {};
    let at = offset;
    for (const [field, codec] of entries) {
      if (at + codec.size <= offset + length) value[field] = codec.read(source, at, codec.size, value);
      else if (missing) value[field] = codec === u64 ? 0n : 0;
      at += codec.size;
    }
    return value;
  };
  return {
    name,
    size: 0,
    fields,
    fullSize,
    read: (source, offset, length) => readFields(source, offset, length, false) as Partial<StructOf<F>>,
    readWhole: (source, offset, length) => readFields(source, offset, length, true) as StructOf<F>,
    write: (writer, value) => {
      for (const [field, codec] of entries) {
        codec.write(writer, (value as Record<string, unknown>)[field] ?? (codec === u64 ? 0n : 0), value);
      }
    },
  };
}
