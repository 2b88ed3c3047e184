// Just enough rtnetlink by hand to drive the addon: no code of the packages that are built on it.

export const NETLINK_ROUTE = 0;
export const RTNLGRP_LINK = 1;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE_EXCL = 0x600;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;

export const IFF_UP = 1;

const IFLA_IFNAME = 3;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;

let lastSeq = 0;

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function message(type, flags, ...payload) {
  const body = concat(...payload);
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags | NLM_F_REQUEST, true);
  view.setUint32(8, ++lastSeq, true);
  bytes.set(body, 16);
  return bytes;
}

export function attribute(type, ...payload) {
  const body = concat(...payload);
  const bytes = new Uint8Array((4 + body.length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 4 + body.length, true);
  view.setUint16(2, type, true);
  bytes.set(body, 4);
  return bytes;
}

const text = (value) => new TextEncoder().encode(`${value}\0`);

function ifinfo(index = 0, flags = 0, change = 0) {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return bytes;
}

export const getLink = (name, flags = NLM_F_ACK) =>
  message(RTM_GETLINK, flags, ifinfo(), attribute(IFLA_IFNAME, text(name)));

export const dumpLinks = () => message(RTM_GETLINK, NLM_F_DUMP, ifinfo());

export const createLink = (name, kind = 'bridge') =>
  message(
    RTM_NEWLINK,
    NLM_F_ACK | NLM_F_CREATE_EXCL,
    ifinfo(),
    attribute(IFLA_IFNAME, text(name)),
    attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, text(kind))),
  );

export const removeLink = (name) =>
  message(RTM_DELLINK, NLM_F_ACK, ifinfo(), attribute(IFLA_IFNAME, text(name)));

export const setUp = (index, up) => message(RTM_NEWLINK, NLM_F_ACK, ifinfo(index, up ? IFF_UP : 0, IFF_UP));

/** Splits what an exchange or a listener returned. `error` is the errno of an NLMSG_ERROR or NLMSG_DONE. */
export function split(bytes) {
  const messages = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at, true);
    const type = view.getUint16(at + 4, true);
    messages.push({
      type,
      flags: view.getUint16(at + 6, true),
      seq: view.getUint32(at + 8, true),
      pid: view.getUint32(at + 12, true),
      error: type === NLMSG_ERROR || type === NLMSG_DONE ? -view.getInt32(at + 16, true) : undefined,
      index: type === RTM_NEWLINK || type === RTM_DELLINK ? view.getInt32(at + 20, true) : undefined,
      payload: bytes.subarray(at + 16, at + length),
    });
    at += (length + 3) & ~3;
  }
  return messages;
}
