import { readText, type Source, type Writer } from './bytes.js';
import type { AttributeSet, Decode, Encode, UnknownAttribute, Values } from './table.js';

const NLA_F_NESTED = 0x8000;
/** The two top bits of an attribute's type are flags (NLA_F_NESTED, NLA_F_NET_BYTEORDER). */
const NLA_TYPE_MASK = 0x3fff;

/** Whether this process may make functions from text (`--disallow-code-generation-from-strings` forbids). */
export const canCompile: boolean = (() => {
  try {
    return new Function('return true')() === true;
  } catch {
    return false;
  }
})();

/** Thrown when an attribute claims more bytes than its set has: a truncated or forged message. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

function keepUnknown(values: { unknown?: UnknownAttribute[] }, source: Source, offset: number): void {
  const { view, bytes } = source;
  const length = view.getUint16(offset, true);
  const number = view.getUint16(offset + 2, true);
  const flags = number & ~NLA_TYPE_MASK;
  const data = bytes.slice(offset + 4, offset + length);
  values.unknown ??= [];
  values.unknown.push({
    type: number & NLA_TYPE_MASK,
    ...(flags === 0 ? {} : { flags }),
    data,
  });
}

function refuse(offset: number, length: number, end: number): never {
  throw new MalformedMessage(`attribute at ${offset} has length ${length}, its set ends at ${end}`);
}

export function compileDecoder<S extends AttributeSet>(attributes: S): Decode<S> {
  return canCompile ? generateDecoder(attributes) : interpretDecoder(attributes);
}

export function compileEncoder<S extends AttributeSet>(attributes: S): Encode<S> {
  return canCompile ? generateEncoder(attributes) : interpretEncoder(attributes);
}

/** The table as JavaScript text: a switch over the attribute's number, integers read in place. */
export function generateDecoder<S extends AttributeSet>(attributes: S): Decode<S> {
  const codecs = Object.values(attributes).map(({ codec }) => codec);
  const cases = Object.entries(attributes).map(([key, { type, codec, many }], index) => {
    const name = JSON.stringify(key);
    let read = codec.inline ?? `C[${index}].read(s,p,l-4,o)`;
    if (codec.name === 'string') read = 'readText(s.bytes,p,l-4)';
    const store = many ? `(o[${name}]??=[]).push(${read})` : `o[${name}]=${read}`;
    return `case ${type}:if(l-4<${codec.size})keep(o,s,a);else ${store};break;`;
  });
  const text = `return function decode(s,a,end){
const v=s.view,o={};
while(end-a>=4){
const l=v.getUint16(a,true),p=a+4;
if(l<4||a+l>end)refuse(a,l,end);
switch(v.getUint16(a+2,true)&${NLA_TYPE_MASK}){${cases.join('\n')}
default:keep(o,s,a);}
a+=(l+3)&~3;}
return o;}`;
  const make = new Function('C', 'keep', 'refuse', 'readText', text) as (
    ...given: readonly unknown[]
  ) => Decode<S>;
  return make(codecs, keepUnknown, refuse, readText);
}

export function interpretDecoder<S extends AttributeSet>(attributes: S): Decode<S> {
  const byType = new Map(
    Object.entries(attributes).map(([key, attribute]) => [attribute.type, { key, ...attribute }]),
  );
  return (source, offset, end) => {
    const { view } = source;
    const values: Record<string, unknown> & { unknown?: UnknownAttribute[] } = {};
    let at = offset;
    while (end - at >= 4) {
      const length = view.getUint16(at, true);
      if (length < 4 || at + length > end) refuse(at, length, end);
      const known = byType.get(view.getUint16(at + 2, true) & NLA_TYPE_MASK);
      if (known === undefined || length - 4 < known.codec.size) keepUnknown(values, source, at);
      else {
        const value = known.codec.read(source, at + 4, length - 4, values);
        if (known.many) ((values[known.key] ??= []) as unknown[]).push(value);
        else values[known.key] = value;
      }
      at += (length + 3) & ~3;
    }
    return values as Values<S>;
  };
}

export function generateEncoder<S extends AttributeSet>(attributes: S): Encode<S> {
  const codecs = Object.values(attributes).map(({ codec }) => codec);
  const writes = Object.entries(attributes).map(([key, { type, codec, many }], index) => {
    const number = codec.nest === undefined ? type : type | NLA_F_NESTED;
    const one = `a=w.begin(${number});C[${index}].write(w,x,o);w.end(a);`;
    const body = many ? `for(const x of y){${one}}` : `const x=y;${one}`;
    return `if((y=o[${JSON.stringify(key)}])!==undefined){${body}}`;
  });
  const text = `return function encode(w,o){let y,a;${writes.join('\n')}
if(o.unknown!==undefined)raw(w,o.unknown);}`;
  const make = new Function('C', 'raw', text) as (...given: readonly unknown[]) => Encode<S>;
  return make(codecs, writeUnknown);
}

export function interpretEncoder<S extends AttributeSet>(attributes: S): Encode<S> {
  const entries = Object.entries(attributes);
  return (writer, values) => {
    const given = values as Record<string, unknown>;
    for (const [key, { type, codec, many }] of entries) {
      const value = given[key];
      if (value === undefined) continue;
      for (const one of many ? (value as unknown[]) : [value]) {
        const at = writer.begin(codec.nest === undefined ? type : type | NLA_F_NESTED);
        codec.write(writer, one, values);
        writer.end(at);
      }
    }
    if (values.unknown !== undefined) writeUnknown(writer, values.unknown);
  };
}

function writeUnknown(writer: Writer, unknown: readonly UnknownAttribute[]): void {
  for (const { type, flags = 0, data } of unknown) {
    const at = writer.begin(type | flags);
    writer.raw(data);
    writer.end(at);
  }
}
