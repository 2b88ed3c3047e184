import {
  attr,
  bool8,
  bytes,
  type Codec,
  flag,
  LINK,
  LINK_MESSAGE,
  many,
  nested,
  readAttributes,
  readHeader,
  RequestBatch,
  ROUTE,
  string,
  struct,
  type StructOf,
  table,
  u16,
  u32,
  u64,
  type UnknownAttribute,
  type ValuesOf,
} from '@netloom/core/netlink';
import { check, type Equal, type IsAny } from './expect-type.js';

// What a table says is what its values are: every attribute optional, none of them undefined, none of them any.
const PAIR = struct('pair', { low: u16, total: u64 });
const INNER = table('INNER', { enabled: attr(1, bool8) });
const OUTER = table('OUTER', {
  id: attr(1, u32),
  label: attr(2, string),
  blob: attr(3, bytes),
  on: attr(4, flag),
  pair: attr(5, PAIR),
  names: many(6, string),
  inner: attr(7, nested(INNER)),
});
type Outer = ValuesOf<typeof OUTER>;

check<Equal<Outer['id'], number | undefined>>();
check<Equal<Outer['label'], string | undefined>>();
check<Equal<Outer['on'], true | undefined>>();
check<Equal<Outer['names'], string[] | undefined>>();
check<Equal<Exclude<Outer['blob'], undefined>, Uint8Array>>();
check<Equal<Exclude<Outer['inner'], undefined>['enabled'], boolean | undefined>>();
check<Equal<Exclude<Outer['pair'], undefined>['total'], bigint | undefined>>();
check<Equal<Outer['unknown'], UnknownAttribute[] | undefined>>();
check<Equal<StructOf<typeof PAIR.fields>, { low: number; total: bigint }>>();
check<Equal<keyof Outer, 'id' | 'label' | 'blob' | 'on' | 'pair' | 'names' | 'inner' | 'unknown'>>();
check<Equal<IsAny<Outer>, false>>();

const good: Outer = {
  id: 1,
  label: 'a',
  on: true,
  names: ['b'],
  inner: { enabled: false },
  pair: { total: 1n },
};
// @ts-expect-error -- a number is not a text
const wrongType: Outer = { label: 1 };
// @ts-expect-error -- there is no such attribute
const wrongName: Outer = { labl: 'a' };
// @ts-expect-error -- a flag is there or not: false would set it
const wrongFlag: Outer = { on: false };
// @ts-expect-error -- 64-bit numbers are bigint
const wrongWidth: Outer = { pair: { total: 1 } };
// @ts-expect-error -- an attribute that stands several times is an array
const wrongMany: Outer = { names: 'b' };
// @ts-expect-error -- inside a nest too
const wrongInner: Outer = { inner: { enabled: 1 } };
// @ts-expect-error -- left out is not undefined
const wrongUndefined: Outer = { id: undefined };
void [good, wrongType, wrongName, wrongFlag, wrongWidth, wrongMany, wrongInner, wrongUndefined];

// The package's own tables.
type LinkValues = ValuesOf<typeof LINK>;
check<Equal<LinkValues['ifname'], string | undefined>>();
check<Equal<LinkValues['carrier'], boolean | undefined>>();
check<Equal<Exclude<LinkValues['stats64'], undefined>['rxPackets'], bigint | undefined>>();
check<Equal<Exclude<LinkValues['linkinfo'], undefined>['kind'], string | undefined>>();
check<Equal<Exclude<LinkValues['propList'], undefined>['altIfname'], string[] | undefined>>();
type InfoData = Exclude<Exclude<LinkValues['linkinfo'], undefined>['data'], undefined>;
check<Equal<IsAny<InfoData>, false>>();
check<Equal<Exclude<ValuesOf<typeof ROUTE>['metrics'], undefined>['mtu'], number | undefined>>();
check<Equal<typeof LINK.name, string>>();
check<Equal<(typeof LINK.attributes.mtu)['many'], boolean>>();

// Messages: header and attributes are checked where a request is made, and inferred where it is read.
export function request(batch: RequestBatch): number {
  batch.add(16, 0, LINK_MESSAGE, { ifindex: 1 }, { mtu: 1500 });
  // @ts-expect-error -- ifinfomsg has no such field
  batch.add(16, 0, LINK_MESSAGE, { index: 1 }, {});
  // @ts-expect-error -- IFLA_MTU is a number
  batch.add(16, 0, LINK_MESSAGE, {}, { mtu: '1500' });
  return batch.count;
}

export function read(message: Parameters<typeof readHeader>[1]): void {
  check<Equal<IsAny<typeof message>, false>>();
  const header = readHeader(LINK_MESSAGE, message);
  check<Equal<(typeof header)['ifindex'], number>>();
  const attributes = readAttributes(LINK_MESSAGE, message);
  check<Equal<(typeof attributes)['mtu'], number | undefined>>();
  // @ts-expect-error -- what a message holds is not known before it is looked at
  const mtu: number = attributes.mtu;
  void mtu;
}

// A codec of the user's own.
const percent: Codec<`${number}%`> = {
  name: 'percent',
  size: 1,
  read: (source, offset) => `${source.view.getUint8(offset)}%`,
  write: (writer, value) => {
    writer.u8(Number.parseInt(value, 10));
  },
};
const MINE = table('MINE', { load: attr(1, percent) });
check<Equal<ValuesOf<typeof MINE>['load'], `${number}%` | undefined>>();
// @ts-expect-error -- a codec gives what it says
attr<number>(1, percent);
