import { align, type Source, sourceOf, type Writer } from './bytes.js';
import type { StructCodec, StructFields, StructOf } from './codec.js';
import { MalformedMessage } from './compile.js';
import { HEADER_SIZE } from './constants.js';
import type { AttributeSet, Table, Values } from './table.js';

/** A message's shape after nlmsghdr: the family's fixed header (ifinfomsg), then attributes. */
export interface MessageFormat<F extends StructFields, S extends AttributeSet> {
  readonly header: StructCodec<F>;
  readonly attributes: Table<S>;
}

/** A message’s shape from its fixed header and its attributes. */
export function format<F extends StructFields, S extends AttributeSet>(
  header: StructCodec<F>,
  attributes: Table<S>,
): MessageFormat<F, S> {
  return { header, attributes };
}

/** One received message: where it lies in the bytes of the reply. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly source: Source;
  /** Where the payload starts (after nlmsghdr) and ends. */
  readonly start: number;
  readonly end: number;
}

/** Writes nlmsghdr, header and attributes; returns the offset of the message. */
export function writeMessage<F extends StructFields, S extends AttributeSet>(
  writer: Writer,
  message: { type: number; flags: number; seq: number },
  shape: MessageFormat<F, S>,
  header: Partial<StructOf<F>>,
  values: Values<S>,
): number {
  const at = writer.reserve(4);
  writer.u16(message.type);
  writer.u16(message.flags);
  writer.u32(message.seq);
  writer.u32(0);
  shape.header.write(writer, header, {});
  writer.reserve(align(shape.header.fullSize) - shape.header.fullSize);
  shape.attributes.encode(writer, values);
  writer.patchU32(at, writer.length - at);
  return at;
}

/** The fixed header of a received message; fields that it is too short for read as zero. */
export function readHeader<F extends StructFields, S extends AttributeSet>(
  shape: MessageFormat<F, S>,
  message: Message,
): StructOf<F> {
  return shape.header.readWhole(message.source, message.start, message.end - message.start);
}

/** The attributes of a received message; MalformedMessage when a length does not fit. */
export function readAttributes<F extends StructFields, S extends AttributeSet>(
  shape: MessageFormat<F, S>,
  message: Message,
): Values<S> {
  const start = message.start + align(shape.header.fullSize);
  return shape.attributes.decode(message.source, Math.min(start, message.end), message.end);
}

/** The messages of a reply, one after another. Throws MalformedMessage on a length that does not fit. */
export function* messagesIn(bytes: Uint8Array): Generator<Message> {
  const source = sourceOf(bytes);
  const { view } = source;
  let at = 0;
  while (at + HEADER_SIZE <= bytes.length) {
    const length = view.getUint32(at, true);
    if (length < HEADER_SIZE || at + length > bytes.length) {
      throw new MalformedMessage(
        `message at ${at} has length ${length}, ${bytes.length - at} bytes are there`,
      );
    }
    yield {
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      seq: view.getUint32(at + 8, true),
      source,
      start: at + HEADER_SIZE,
      end: at + length,
    };
    at += align(length);
  }
}
