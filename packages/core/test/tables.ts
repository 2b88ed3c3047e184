import type { Codec, StructCodec, StructFields } from '../src/netlink/codec.js';
import { EXTACK } from '../src/netlink/extack.js';
import * as netlink from '../src/netlink/index.js';
import { formatIp } from '../src/netlink/ip-address.js';
import type { AttributeSet, Table } from '../src/netlink/table.js';
import type { Random } from './random.js';

export type AnyTable = Table<AttributeSet>;

const isTable = (value: unknown): value is AnyTable =>
  typeof value === 'object' && value !== null && 'attributes' in value && 'decode' in value;

/** Every table that the package exports, by the name of its constant. */
export const TABLES: readonly (readonly [string, AnyTable])[] = Object.entries({ ...netlink, EXTACK }).filter(
  (entry): entry is [string, AnyTable] => isTable(entry[1]),
);

const KINDS = [...netlink.LINK_KINDS.keys(), 'dummy', 'a kind from tomorrow'];
const TEXTS = ['', 'lo', 'br0', 'grün', '日本', 'a space', '0123456789abcde', '🧵'];
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

const integer = (random: Random) => (random.chance(2) ? random.pick(EDGES) : random.u32());
const u64 = (random: Random) => (BigInt(integer(random)) << 32n) | BigInt(integer(random));
const mac = (random: Random, length: number) =>
  [...random.bytes(length)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
const ip = (random: Random) => {
  const bytes = random.bytes(random.chance(2) ? 4 : 16);
  // Runs of zeros are what IPv6 texts shorten.
  if (random.chance(2)) bytes.fill(0, random.below(bytes.length), random.below(bytes.length + 1));
  return formatIp(bytes, 0, bytes.length);
};

const SIMPLE: Readonly<Record<string, (random: Random) => unknown>> = {
  u8: (random) => integer(random) & 0xff,
  u16: (random) => integer(random) & 0xffff,
  be16: (random) => integer(random) & 0xffff,
  u32: integer,
  be32: integer,
  s32: (random) => integer(random) | 0,
  u64,
  bool8: (random) => random.chance(2),
  bool32: (random) => random.chance(2),
  flag: () => true,
  string: (random) => random.pick(TEXTS),
  text: (random) => random.pick(TEXTS),
  bytes: (random) => random.bytes(random.below(40)),
  lladdr: (random) => mac(random, random.pick([1, 4, 6, 8, 20])),
  'ip-address': ip,
  'seconds (u32 ticks)': (random) => integer(random) / 100,
  // Far above that, a double has no hundredths of a second any more.
  'seconds (u64 ticks)': (random) => (integer(random) * 2 ** 12 + random.below(2 ** 12)) / 100,
};

function isStruct(codec: Codec<unknown>): codec is StructCodec<StructFields> {
  return 'fields' in codec;
}

/** A value that a codec reads back exactly as it was written. */
export function randomValue(random: Random, codec: Codec<unknown>, siblings: object, depth: number): unknown {
  const simple = SIMPLE[codec.name];
  if (simple !== undefined) return simple(random);
  if (isStruct(codec)) return randomStruct(random, codec);
  if (codec.name === `message with ${netlink.LINK_HEADER.name}`) {
    const header = randomStruct(random, netlink.LINK_HEADER);
    return { ...header, ...randomValues(random, netlink.LINK, depth - 1) };
  }
  const inner = codec.nest?.(siblings);
  if (isTable(inner)) return randomValues(random, inner, depth - 1);
  if (codec.name.startsWith('nest by ')) return random.bytes(random.below(20));
  throw new Error(`no random value for the codec ${codec.name}: add one to SIMPLE`);
}

function randomStruct(random: Random, codec: StructCodec<StructFields>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(codec.fields).map(([name, field]) => [name, randomValue(random, field, {}, 0)]),
  );
}

/** Random values of a table: some of its attributes, and at times one that it does not know. */
export function randomValues(random: Random, table: AnyTable, depth = 3): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  if (depth < 0) return values;
  const oneIn = random.pick([1, 2, 8]);
  for (const [name, { codec, many }] of Object.entries(table.attributes)) {
    if (!random.chance(oneIn)) continue;
    const one = () => (name === 'kind' ? random.pick(KINDS) : randomValue(random, codec, values, depth));
    values[name] = many ? Array.from({ length: 1 + random.below(3) }, one) : one();
  }
  if (random.chance(4)) {
    const type = 0x3000 + random.below(0xfff);
    values['unknown'] = [{ type, data: random.bytes(random.below(30)) }];
  }
  return values;
}
