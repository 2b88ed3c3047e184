import type { Source, Writer } from './bytes.js';
import type { Codec, NestedSet, StructCodec, StructFields, StructOf } from './codec.js';
import { compileDecoder, compileEncoder, MalformedMessage } from './compile.js';

/** One attribute: its number, how its payload is read and written, and whether it may come several times. */
export interface Attribute<T> {
  readonly type: number;
  readonly codec: Codec<unknown>;
  readonly many: boolean;
  /** Never there at run time: carries the inferred type. */
  readonly value?: T;
}

/** Attributes by name: what `table` takes. */
export type AttributeSet = Record<string, Attribute<unknown>>;

/** An attribute that the table does not know: kept as it came, and written back as it is. */
export interface UnknownAttribute {
  readonly type: number;
  /** NLA_F_NESTED, NLA_F_NET_BYTEORDER: the two top bits of the number on the wire, when one is set. */
  readonly flags?: number;
  readonly data: Uint8Array;
}

/** The object that a table reads and writes: every attribute optional, unknown ones under `unknown`. */
export type Values<S extends AttributeSet> = {
  -readonly [K in keyof S]?: S[K] extends Attribute<infer T> ? T : never;
} & { unknown?: UnknownAttribute[] };

/** Reads the attributes that lie between two offsets. */
export type Decode<S extends AttributeSet> = (source: Source, offset: number, end: number) => Values<S>;
/** Appends the attributes that have a value. */
export type Encode<S extends AttributeSet> = (writer: Writer, values: Values<S>) => void;

/** A set of attributes as the kernel defines it: the types, both coders and field paths follow from it. */
export interface Table<S extends AttributeSet> extends NestedSet {
  /** The C prefix of the attribute names: `IFLA_BR` for IFLA_BR_AGEING_TIME. */
  readonly name: string;
  readonly attributes: S;
  decode: Decode<S>;
  encode: Encode<S>;
}

/** The object that a table reads and writes, by the table’s type. */
export type ValuesOf<T> = T extends Table<infer S> ? Values<S> : never;

/** An attribute by its number in the kernel's header. */
export function attr<T>(type: number, codec: Codec<T>): Attribute<T> {
  return { type, codec, many: false };
}

/** An attribute that stands several times in its set (IFLA_ALT_IFNAME): an array. */
export function many<T>(type: number, codec: Codec<T>): Attribute<T[]> {
  return { type, codec, many: true };
}

/** Attributes are encoded in the order in which they stand here. */
export function table<const S extends AttributeSet>(name: string, attributes: S): Table<S> {
  const byType = new Map(Object.entries(attributes).map(([key, { type, codec }]) => [type, { key, codec }]));
  const made: Table<S> = {
    name,
    attributes,
    headerSize: 0,
    nameOf: (type) => byType.get(type)?.key,
    codecOf: (type) => byType.get(type)?.codec,
    // Compiled on first use: a program that never meets a bond does not pay for its table.
    decode: (source, offset, end) => {
      made.decode = compileDecoder(attributes);
      return made.decode(source, offset, end);
    },
    encode: (writer, values) => {
      made.encode = compileEncoder(attributes);
      made.encode(writer, values);
    },
  };
  return made;
}

/** A nest: its own attribute set. Always written with NLA_F_NESTED, which newer parsers insist on. */
export function nested<S extends AttributeSet>(inner: Table<S>): Codec<Values<S>> {
  return {
    name: `nest ${inner.name}`,
    size: 0,
    nest: () => inner,
    read: (source, offset, length) => inner.decode(source, offset, offset + length),
    write: (writer, value) => inner.encode(writer, value),
  };
}

/** What a nest holds is told by an attribute before it: IFLA_INFO_KIND chooses IFLA_INFO_DATA's table. */
export function chosenBy(
  selector: string,
  tables: ReadonlyMap<string, Table<AttributeSet>>,
): Codec<Record<string, unknown> | Uint8Array> {
  const choose = (siblings: object) => tables.get(String((siblings as Record<string, unknown>)[selector]));
  return {
    name: `nest by ${selector}`,
    size: 0,
    nest: choose,
    read: (source, offset, length, siblings) =>
      choose(siblings)?.decode(source, offset, offset + length) ??
      source.bytes.slice(offset, offset + length),
    write: (writer, value, siblings) => {
      if (value instanceof Uint8Array) writer.raw(value);
      else {
        const inner = choose(siblings);
        if (inner === undefined) throw new TypeError(`no attribute table for this ${selector}: give bytes`);
        inner.encode(writer, value);
      }
    },
  };
}

const MAX_DEPTH = 16;

/**
 * A whole message inside an attribute (VETH_INFO_PEER): a fixed header, then attributes. The header's
 * fields stand beside the attributes in one object.
 */
export function embedded<F extends StructFields, S extends AttributeSet>(
  header: StructCodec<F>,
  inner: () => Table<S>,
): Codec<Values<S> & Partial<StructOf<F>>> {
  let depth = 0;
  return {
    name: `message with ${header.name}`,
    size: header.fullSize,
    nest: () => ({
      headerSize: header.fullSize,
      nameOf: (type) => inner().nameOf(type),
      codecOf: (type) => inner().codecOf(type),
    }),
    read: (source, offset, length) => {
      // The only set that can hold itself: a forged message must not exhaust the stack.
      if (depth === MAX_DEPTH) throw new MalformedMessage(`messages nest deeper than ${MAX_DEPTH}`);
      depth += 1;
      try {
        return {
          ...header.readWhole(source, offset, header.fullSize),
          ...inner().decode(source, offset + header.fullSize, offset + length),
        };
      } finally {
        depth -= 1;
      }
    },
    write: (writer, value) => {
      header.write(writer, value, {});
      inner().encode(writer, value);
    },
  };
}
