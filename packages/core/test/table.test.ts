import { describe, expect, test } from 'vitest';
import { align, sourceOf, Writer } from '../src/netlink/bytes.js';
import { bytes, flag, type NestedSet, string, struct, u8, u32 } from '../src/netlink/codec.js';
import { MalformedMessage } from '../src/netlink/compile.js';
import { LINK, LINKINFO, LINK_STATS } from '../src/netlink/tables/link.js';
import { VXLAN } from '../src/netlink/tables/vxlan.js';
import {
  attr,
  type AttributeSet,
  many,
  nested,
  type Table,
  table,
  type Values,
} from '../src/netlink/table.js';
import { Random } from './random.js';
import { type AnyTable, randomValues, TABLES } from './tables.js';

function encode<S extends AttributeSet>(shape: Table<S>, values: Values<S>): Uint8Array {
  const writer = new Writer(8);
  shape.encode(writer, values);
  return writer.finish();
}

const decode = <S extends AttributeSet>(shape: Table<S>, payload: Uint8Array): Values<S> =>
  shape.decode(sourceOf(payload), 0, payload.length);

/** An attribute by hand: length, type, payload, padding. */
function raw(type: number, payload: readonly number[]): number[] {
  const length = payload.length + 4;
  const padding = Array.from({ length: align(length) - length }, () => 0);
  return [length & 0xff, length >> 8, type & 0xff, type >> 8, ...payload, ...padding];
}

const SMALL = table('SMALL', { id: attr(1, u32), level: attr(2, u8), label: attr(3, string) });

describe('an attribute', () => {
  test('is its length without padding, its number, its payload, and padding to four bytes', () => {
    expect([...encode(SMALL, { id: 5, level: 7, label: 'ab' })]).toEqual(
      [
        [8, 0, 1, 0, 5, 0, 0, 0],
        [5, 0, 2, 0, 7, 0, 0, 0],
        [7, 0, 3, 0, 0x61, 0x62, 0, 0],
      ].flat(),
    );
  });

  test('that is undefined is not written', () => {
    expect(encode(SMALL, { id: undefined as unknown as number, level: 1 })).toHaveLength(8);
  });

  test('the last one may come without its padding', () => {
    const payload = Uint8Array.from([...raw(1, [5, 0, 0, 0]), 5, 0, 2, 0, 7]);
    expect(decode(SMALL, payload)).toEqual({ id: 5, level: 7 });
  });

  test('that stands several times in its set is an array', () => {
    const NAMES = table('NAMES', { altIfname: many(53, string) });
    const names = ['one', 'two', 'three'];
    expect(decode(NAMES, encode(NAMES, { altIfname: names }))).toEqual({ altIfname: names });
    expect(encode(NAMES, { altIfname: [] })).toHaveLength(0);
  });

  test('that comes twice where one is expected keeps the last, as the kernel does', () => {
    const payload = Uint8Array.from([...raw(2, [1]), ...raw(2, [2])]);
    expect(decode(SMALL, payload)).toEqual({ level: 2 });
  });

  test('of 65,535 bytes is written, a longer one is refused', () => {
    const BLOB = table('BLOB', { data: attr(1, bytes) });
    expect(encode(BLOB, { data: new Uint8Array(65_531) })).toHaveLength(65_536);
    expect(() => encode(BLOB, { data: new Uint8Array(65_532) })).toThrow(RangeError);
  });

  test('a nest whose attributes are too many together is refused', () => {
    const inner = table('INNER', { data: many(1, bytes) });
    const outer = table('OUTER', { nest: attr(1, nested(inner)) });
    const half = new Uint8Array(32_768);
    expect(() => encode(outer, { nest: { data: [half, half] } })).toThrow(/65,535/);
  });

  test('that is a flag has no payload', () => {
    const FLAGS = table('FLAGS', { on: attr(4, flag) });
    expect([...encode(FLAGS, { on: true })]).toEqual([4, 0, 4, 0]);
    expect(decode(FLAGS, Uint8Array.from(raw(4, [])))).toEqual({ on: true });
  });
});

describe('what the table does not know', () => {
  test('is kept, in order, and written back byte for byte', () => {
    const payload = Uint8Array.from([...raw(900, [1, 2, 3]), ...raw(901, []), ...raw(900, [9])]);
    const values = decode(SMALL, payload);
    expect(values).toEqual({
      unknown: [
        { type: 900, data: Uint8Array.of(1, 2, 3) },
        { type: 901, data: Uint8Array.of() },
        { type: 900, data: Uint8Array.of(9) },
      ],
    });
    expect(encode(SMALL, values)).toEqual(payload);
  });

  test('a nest keeps its flag on the way back, which newer parsers insist on', () => {
    const payload = Uint8Array.from(raw(900 | 0x8000, raw(1, [5, 0, 0, 0])));
    expect(encode(SMALL, decode(SMALL, payload))).toEqual(payload);
  });

  test('outlives the buffer it came in', () => {
    const payload = Uint8Array.from(raw(900, [1, 2, 3, 4]));
    const values = decode(SMALL, payload);
    payload.fill(0);
    expect(values.unknown?.[0]?.data).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  test('a known attribute that is too short is kept as unknown', () => {
    const payload = Uint8Array.from(raw(1, [5, 0, 0]));
    const values = decode(SMALL, payload);
    expect(values).toEqual({ unknown: [{ type: 1, data: Uint8Array.of(5, 0, 0) }] });
    expect(encode(SMALL, values)).toEqual(payload);
  });

  test('the tail of an integer that grew is not looked at', () => {
    expect(decode(SMALL, Uint8Array.from(raw(1, [5, 0, 0, 0, 1, 1, 1, 1])))).toEqual({ id: 5 });
  });

  test('statistics of an older and of a newer kernel are read as far as they go', () => {
    const full = encode(LINK, { stats64: { rxPackets: 3n, rxNohandler: 4n } });
    const payload = [...full.subarray(4)];
    const older = decode(LINK, Uint8Array.from(raw(23, payload.slice(0, LINK_STATS.fullSize - 8))));
    expect(older.stats64).not.toHaveProperty('rxOtherhostDropped');
    expect(older.stats64?.rxNohandler).toBe(4n);
    const newer = decode(LINK, Uint8Array.from(raw(23, [...payload, 1, 0, 0, 0, 0, 0, 0, 0])));
    expect(newer).toEqual(decode(LINK, full));
  });
});

describe('what chooses a nest', () => {
  test('a kind without a table comes and goes as bytes', () => {
    const values = { kind: 'tomorrow', data: Uint8Array.of(1, 2, 3) };
    expect(decode(LINKINFO, encode(LINKINFO, values))).toEqual(values);
  });

  test('attributes for a kind without a table are refused', () => {
    expect(() => encode(LINKINFO, { kind: 'tomorrow', data: { id: 1 } })).toThrow(TypeError);
  });

  test('data that stand before their kind are kept as bytes', () => {
    const data = [...encode(VXLAN, { id: 4 })];
    const payload = Uint8Array.from([...raw(2, data), ...raw(1, [0x76, 0x78, 0x6c, 0x61, 0x6e, 0])]);
    expect(decode(LINKINFO, payload)).toEqual({ kind: 'vxlan', data: Uint8Array.from(data) });
  });
});

describe('a length that does not fit', () => {
  test.each([
    ['below the header', [3, 0, 1, 0]],
    ['zero', [0, 0, 1, 0]],
    ['past the end of the set', [9, 0, 1, 0, 5, 0, 0, 0]],
    ['past the end of the set, from a later attribute', [...raw(2, [1]), 255, 255, 1, 0]],
  ])('%s is a malformed message', (_what, payload) => {
    expect(() => decode(SMALL, Uint8Array.from(payload))).toThrow(MalformedMessage);
  });

  test('inside a nest does not reach into what follows the nest', () => {
    const OUTER = table('OUTER', { nest: attr(1, nested(SMALL)), after: attr(2, u32) });
    const payload = Uint8Array.from([...raw(1, [12, 0, 1, 0, 5, 0, 0, 0]), ...raw(2, [1, 0, 0, 0])]);
    expect(() => decode(OUTER, payload)).toThrow(MalformedMessage);
  });

  test('one to three bytes after the last attribute are padding', () => {
    expect(decode(SMALL, Uint8Array.from([...raw(2, [1]), 1, 2, 3]))).toEqual({ level: 1 });
  });
});

test('a message that nests as deep as its bytes allow is read or refused as malformed', () => {
  // linkinfo { kind: veth, data: { peer: ifinfomsg, linkinfo { … } } }: 44 bytes a level.
  let inner: number[] = [];
  const kind = raw(1, [0x76, 0x65, 0x74, 0x68, 0]);
  const header = Array.from({ length: 16 }, () => 0);
  for (;;) {
    const next = raw(18, [...kind, ...raw(2, raw(1, [...header, ...inner]))]);
    if (next.length > 65_000) break;
    inner = next;
  }
  let thrown: unknown;
  try {
    decode(LINK, Uint8Array.from(inner));
  } catch (error) {
    thrown = error;
  }
  if (thrown !== undefined) expect(thrown).toBeInstanceOf(MalformedMessage);
});

describe('every table', () => {
  function checkFlags(
    payload: Uint8Array,
    start: number,
    end: number,
    set: NestedSet,
    siblings: object,
  ): number {
    const { view } = sourceOf(payload);
    let nests = 0;
    let at = start;
    while (end - at >= 4) {
      const length = view.getUint16(at, true);
      const type = view.getUint16(at + 2, true);
      const codec = set.codecOf(type & 0x3fff);
      const known = set.nameOf(type & 0x3fff);
      expect(type >> 15, `${known ?? type} of ${payload.length} bytes`).toBe(
        codec?.nest === undefined ? 0 : 1,
      );
      expect(at % 4).toBe(0);
      if (codec === string) {
        Object.assign(siblings, { [known ?? '']: codec.read(sourceOf(payload), at + 4, length - 4, {}) });
      }
      const inner = codec?.nest?.(siblings);
      if (inner !== undefined) {
        nests += 1 + checkFlags(payload, at + 4 + inner.headerSize, at + length, inner, {});
      }
      at += align(length);
    }
    return nests;
  }

  test.each(TABLES)(
    '%s sets NLA_F_NESTED on its nests, at every level, and on nothing else',
    (_name, shape) => {
      const random = new Random(7);
      let nests = 0;
      for (let i = 0; i < 40; i++) {
        const payload = encode(shape, randomValues(random, shape) as Values<AttributeSet>);
        nests += checkFlags(payload, 0, payload.length, shape, {});
      }
      const has = Object.values(shape.attributes).some(({ codec }) => codec.nest !== undefined);
      expect(nests > 0).toBe(has);
    },
  );

  test.each(TABLES)('%s gives each number once', (_name, shape) => {
    const numbers = Object.values(shape.attributes).map(({ type }) => type);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.every((number) => number > 0 && number < 0x4000)).toBe(true);
  });

  test.each(TABLES)('%s finds names and codecs by number', (_name, shape: AnyTable) => {
    for (const [name, { type, codec }] of Object.entries(shape.attributes)) {
      expect(shape.nameOf(type)).toBe(name);
      expect(shape.codecOf(type)).toBe(codec);
    }
    expect(shape.nameOf(0x3ff0)).toBeUndefined();
    expect(shape.codecOf(0x3ff0)).toBeUndefined();
  });
});

test('a structure written through a table is padded like any attribute', () => {
  const ODD = table('ODD', { odd: attr(1, struct('odd', { a: u8, b: u32 })) });
  expect([...encode(ODD, { odd: { a: 1, b: 2 } })]).toEqual([9, 0, 1, 0, 1, 2, 0, 0, 0, 0, 0, 0]);
});
