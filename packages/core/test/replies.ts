import { align, Writer } from '../src/netlink/bytes.js';
import {
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
} from '../src/netlink/constants.js';
import { EXTACK } from '../src/netlink/extack.js';
import type { ValuesOf } from '../src/netlink/table.js';

/** One netlink message by hand, padded as in a reply. */
export function message(type: number, flags: number, seq: number, payload: Uint8Array): Uint8Array {
  const writer = new Writer();
  writer.u32(16 + payload.length);
  writer.u16(type);
  writer.u16(flags);
  writer.u32(seq);
  writer.u32(0);
  writer.raw(payload);
  writer.reserve(align(payload.length) - payload.length);
  return writer.finish();
}

const payloadOf = (fill: (writer: Writer) => void): Uint8Array => {
  const writer = new Writer();
  fill(writer);
  return writer.finish();
};

const u32 = (writer: Writer, value: number) => writer.u32(value >>> 0);

/** NLMSG_ERROR: errno, then the request (all of it, or its header when capped), then TLVs. */
export function errorReply(
  seq: number,
  errno: number,
  options: { request?: Uint8Array; capped?: boolean; said?: ValuesOf<typeof EXTACK> } = {},
): Uint8Array {
  const { request = new Uint8Array(16), capped = true, said } = options;
  const flags = (capped ? NLM_F_CAPPED : 0) | (said === undefined ? 0 : NLM_F_ACK_TLVS);
  return message(
    NLMSG_ERROR,
    flags,
    seq,
    payloadOf((writer) => {
      u32(writer, -errno);
      writer.raw(capped ? request.subarray(0, 16) : request);
      writer.reserve(align(writer.length) - writer.length);
      if (said !== undefined) EXTACK.encode(writer, said);
    }),
  );
}

/** NLMSG_DONE: errno, then TLVs at once. */
export function doneReply(seq: number, errno = 0, said?: ValuesOf<typeof EXTACK>, more = 0): Uint8Array {
  const flags = NLM_F_MULTI | more | (said === undefined ? 0 : NLM_F_ACK_TLVS);
  return message(
    NLMSG_DONE,
    flags,
    seq,
    payloadOf((writer) => {
      u32(writer, -errno);
      if (said !== undefined) EXTACK.encode(writer, said);
    }),
  );
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
