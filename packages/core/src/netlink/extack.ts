import { align, readText, type Source, sourceOf } from './bytes.js';
import type { NestedSet } from './codec.js';
import { HEADER_SIZE, NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE } from './constants.js';
import type { Message } from './message.js';
import { attr, table } from './table.js';
import { bytes, string, u32 } from './codec.js';

/** NLMSGERR_ATTR_*: what the kernel says beside the errno (linux/netlink.h). */
export const EXTACK = table('NLMSGERR_ATTR', {
  msg: attr(1, string),
  offs: attr(2, u32),
  cookie: attr(3, bytes),
  policy: attr(4, bytes),
  missType: attr(5, u32),
  missNest: attr(6, u32),
});

/** The end of one request: success (errno 0) or failure. */
export interface Verdict {
  readonly errno: number;
  /** The kernel's words: an explanation of a failure, or a warning beside success. */
  readonly message?: string | undefined;
  /** Offset of the attribute at fault, from the start of the request's nlmsghdr. */
  readonly offset?: number | undefined;
  /** Number of an attribute that is missing, and the offset of the nest that lacks it. */
  readonly missingType?: number | undefined;
  readonly missingNest?: number | undefined;
}

/** Reads NLMSG_ERROR or NLMSG_DONE; their TLVs start at different places (DONE repeats no request). */
export function readVerdict(message: Message): Verdict {
  const { source, start, end } = message;
  if (end - start < 4) return { errno: 0 };
  const errno = 0 - source.view.getInt32(start, true);
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno };
  let at = start + 4;
  if (message.type !== NLMSG_DONE) {
    // nlmsgerr repeats the request's header, and all of the request unless the acknowledgement is capped.
    if (end - at < HEADER_SIZE) return { errno };
    const repeated = (message.flags & NLM_F_CAPPED) === 0 ? source.view.getUint32(at, true) : HEADER_SIZE;
    if (repeated > end - at) return { errno };
    at += align(Math.max(repeated, HEADER_SIZE));
  }
  if (at > end) return { errno };
  const said = EXTACK.decode(source, at, end);
  return {
    errno,
    message: said.msg,
    offset: said.offs,
    missingType: said.missType,
    missingNest: said.missNest,
  };
}

/**
 * The path of the attribute at an offset of a request: `['linkinfo', 'data', 'id']`. Attributes that the
 * table does not know are shown by number.
 */
export function pathAt(
  request: Uint8Array,
  offset: number,
  headerSize: number,
  attributes: NestedSet,
): string[] {
  return walk(request, offset, headerSize, attributes).path;
}

/** The path, and the set inside the attribute at its end when that is a nest. */
function walk(
  request: Uint8Array,
  offset: number,
  headerSize: number,
  attributes: NestedSet,
): { path: string[]; inner: NestedSet | undefined } {
  const path: string[] = [];
  const source = sourceOf(request);
  let set: NestedSet | undefined = attributes;
  let start = HEADER_SIZE + align(headerSize);
  let end = request.length;
  while (set !== undefined) {
    const found = attributeAround(source, offset, start, end);
    if (found === undefined) break;
    path.push(set.nameOf(found.type) ?? `#${found.type}`);
    const siblings = siblingsBefore(source, start, found.at, set);
    const inner: NestedSet | undefined = set.codecOf(found.type)?.nest?.(siblings);
    if (found.at === offset) return { path, inner };
    start = found.at + 4 + (inner?.headerSize ?? 0);
    end = found.at + found.length;
    set = inner;
  }
  return { path, inner: undefined };
}

/** The path of an attribute that is missing: its name below the nest that should have held it. */
export function pathMissing(
  request: Uint8Array,
  verdict: Verdict,
  headerSize: number,
  attributes: NestedSet,
): string[] {
  const { missingType, missingNest } = verdict;
  if (missingType === undefined) return [];
  if (missingNest === undefined) return [attributes.nameOf(missingType) ?? `#${missingType}`];
  const { path, inner } = walk(request, missingNest, headerSize, attributes);
  return [...path, inner?.nameOf(missingType) ?? `#${missingType}`];
}

function attributeAround(source: Source, offset: number, start: number, end: number) {
  let at = start;
  while (end - at >= 4) {
    const length = source.view.getUint16(at, true);
    if (length < 4 || at + length > end) return undefined;
    if (offset >= at && offset < at + length) {
      return { at, length, type: source.view.getUint16(at + 2, true) & 0x3fff };
    }
    at += align(length);
  }
  return undefined;
}

/** Texts among the attributes before one: what chooses the table of IFLA_INFO_DATA. */
function siblingsBefore(source: Source, start: number, end: number, set: NestedSet): object {
  const siblings: Record<string, string> = {};
  let at = start;
  while (end - at >= 4) {
    const length = source.view.getUint16(at, true);
    if (length < 4) break;
    const type = source.view.getUint16(at + 2, true) & 0x3fff;
    const name = set.nameOf(type);
    if (name !== undefined && set.codecOf(type) === string) {
      siblings[name] = readText(source.bytes, at + 4, length - 4);
    }
    at += align(length);
  }
  return siblings;
}
