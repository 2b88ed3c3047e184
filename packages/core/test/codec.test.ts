import { describe, expect, test } from 'vitest';
import { sourceOf, Writer } from '../src/netlink/bytes.js';
import {
  be16,
  be32,
  bool8,
  bool32,
  bytes,
  type Codec,
  flag,
  ipAddress,
  lladdr,
  s32,
  seconds32,
  seconds64,
  string,
  struct,
  u8,
  u16,
  u32,
  u64,
} from '../src/netlink/codec.js';

function encoded<T>(codec: Codec<T>, value: T): number[] {
  const writer = new Writer(1);
  codec.write(writer, value, {});
  return [...writer.finish()];
}

function decoded<T>(codec: Codec<T>, payload: readonly number[]): T {
  // Neighbours on both sides: reading one byte too far would be seen.
  const source = sourceOf(Uint8Array.from([0xaa, ...payload, 0xbb]));
  return codec.read(source, 1, payload.length, {});
}

const row = <T>(codec: Codec<T>, value: T, payload: readonly number[]) =>
  [codec.name, codec as Codec<unknown>, value as unknown, payload] as const;

const FF = (count: number) => Array.from({ length: count }, () => 0xff);

describe('a value and its bytes', () => {
  test.each([
    row(u8, 0, [0]),
    row(u8, 255, [0xff]),
    row(u16, 0x1234, [0x34, 0x12]),
    row(u16, 65_535, FF(2)),
    row(u32, 0x1234_5678, [0x78, 0x56, 0x34, 0x12]),
    row(u32, 4_294_967_295, FF(4)),
    row(s32, -1, FF(4)),
    row(s32, -2_147_483_648, [0, 0, 0, 0x80]),
    row(s32, 2_147_483_647, [0xff, 0xff, 0xff, 0x7f]),
    row(u64, 0n, [0, 0, 0, 0, 0, 0, 0, 0]),
    row(u64, 0x0102_0304_0506_0708n, [8, 7, 6, 5, 4, 3, 2, 1]),
    row(u64, (1n << 64n) - 1n, FF(8)),
    row(be16, 4789, [0x12, 0xb5]),
    row(be32, 0x0102_0304, [1, 2, 3, 4]),
    row(be32, 4_294_967_295, FF(4)),
    row(bool8, true, [1]),
    row(bool8, false, [0]),
    row(bool32, true, [1, 0, 0, 0]),
    row(bool32, false, [0, 0, 0, 0]),
    row(flag, true, []),
    row(string, '', [0]),
    row(string, 'lo', [0x6c, 0x6f, 0]),
    row(string, 'é', [0xc3, 0xa9, 0]),
    row(bytes, Uint8Array.of(), []),
    row(bytes, Uint8Array.of(1, 2, 3), [1, 2, 3]),
    row(lladdr, '52:54:00:00:00:01', [0x52, 0x54, 0, 0, 0, 1]),
    row(lladdr, '0a', [0x0a]),
    row(lladdr, '', []),
    row(ipAddress, '192.0.2.1', [192, 0, 2, 1]),
    row(ipAddress, 'fe80::1', [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    row(seconds32, 30, [0xb8, 0x0b, 0, 0]),
    row(seconds32, 0.01, [1, 0, 0, 0]),
    row(seconds32, 42_949_672.95, FF(4)),
    row(seconds64, 2.6, [0x04, 0x01, 0, 0, 0, 0, 0, 0]),
    row(seconds64, 0, [0, 0, 0, 0, 0, 0, 0, 0]),
  ])('%s %#', (_name, codec, value, payload) => {
    expect(encoded(codec, value)).toEqual([...payload]);
    expect(decoded(codec, payload)).toEqual(value);
  });

  test('every tick count of 32 bits survives the way through seconds', () => {
    for (let ticks = 0; ticks <= 0xffff_ffff; ticks += 999_983) {
      const payload = encoded(u32, ticks);
      expect(encoded(seconds32, decoded(seconds32, payload))).toEqual(payload);
    }
  });

  test('any byte but zero is a true boolean', () => {
    expect(decoded(bool8, [2])).toBe(true);
    expect(decoded(bool32, [0, 0, 1, 0])).toBe(true);
  });
});

describe('text', () => {
  test('ends at the first zero byte, or at the end of the attribute', () => {
    expect(decoded(string, [0x6c, 0x6f, 0, 0x78])).toBe('lo');
    expect(decoded(string, [0x6c, 0x6f])).toBe('lo');
    expect(decoded(string, [0xc3, 0xa9, 0, 0x78])).toBe('é');
    expect(decoded(string, [])).toBe('');
  });

  test('that is not UTF-8 is shown with replacement characters', () => {
    expect(decoded(string, [0x61, 0xff, 0x62])).toBe('a\ufffdb');
  });

  test('keeps a byte order mark, which the kernel takes for any other character', () => {
    const text = '\ufeffeth0';
    expect(decoded(string, encoded(string, text))).toBe(text);
  });
});

describe('addresses', () => {
  test('of another length than IPv4 and IPv6 have are shown as bytes', () => {
    expect(decoded(ipAddress, [1, 2, 3])).toBe('01:02:03');
    expect(decoded(lladdr, FF(20))).toBe(Array.from({ length: 20 }, () => 'ff').join(':'));
  });

  test.each(['', 'localhost', '1.2.3', '1.2.3.256', 'fe80::1%eth0'])(
    '%j is not written as an IP address',
    (text) => {
      expect(() => encoded(ipAddress, text)).toThrow(TypeError);
    },
  );
});

test('bytes that were read outlive the buffer they came in', () => {
  const buffer = Uint8Array.of(1, 2, 3);
  const value = bytes.read(sourceOf(buffer), 0, 3, {});
  buffer.fill(9);
  expect(value).toEqual(Uint8Array.of(1, 2, 3));
});

test('a source may lie inside a larger buffer', () => {
  const inside = new Uint8Array(Uint8Array.of(9, 9, 1, 0, 0, 0, 9).buffer, 2, 4);
  expect(u32.read(sourceOf(inside), 0, 4, {})).toBe(1);
});

describe('a structure', () => {
  const SHAPE = struct('shape', { small: u8, flags: u16, total: u64, offset: s32 });
  const whole = { small: 1, flags: 2, total: 3n, offset: -4 };
  const payload = encoded(SHAPE, whole);

  test('is as long as its fields', () => {
    expect(SHAPE.fullSize).toBe(15);
    expect(payload).toHaveLength(15);
    expect(decoded(SHAPE, payload)).toEqual(whole);
  });

  test('that is longer than known is read', () => {
    expect(decoded(SHAPE, [...payload, 7, 7, 7, 7])).toEqual(whole);
  });

  test.each([
    [14, { small: 1, flags: 2, total: 3n }],
    [11, { small: 1, flags: 2, total: 3n }],
    [10, { small: 1, flags: 2 }],
    [1, { small: 1 }],
    [0, {}],
  ])('cut to %i bytes gives the fields that are whole', (length, fields) => {
    expect(decoded(SHAPE, payload.slice(0, length))).toEqual(fields);
  });

  test('read whole has zeros for what is missing, of each field’s own type', () => {
    const source = sourceOf(Uint8Array.from(payload.slice(0, 3)));
    expect(SHAPE.readWhole(source, 0, 3)).toEqual({ small: 1, flags: 2, total: 0n, offset: 0 });
  });

  test('written with missing fields has zeros there', () => {
    expect(encoded(SHAPE, { flags: 2 })).toEqual([0, 2, 0, ...Array.from({ length: 12 }, () => 0)]);
  });
});

describe('the writer', () => {
  test('grows, and what it hands out is a copy', () => {
    const writer = new Writer(1);
    for (let i = 0; i < 1000; i++) writer.u32(i);
    const first = writer.finish();
    writer.u32(7);
    expect(first).toHaveLength(4000);
    expect(sourceOf(first).view.getUint32(3996, true)).toBe(999);
  });

  test('leaves no trace of what was taken back', () => {
    const writer = new Writer(64);
    writer.u8(1);
    writer.raw(Uint8Array.from(FF(20)));
    writer.truncate(1);
    writer.reserve(20);
    expect([...writer.finish()]).toEqual([1, ...Array.from({ length: 20 }, () => 0)]);
  });
});
