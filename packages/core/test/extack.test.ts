import { describe, expect, test } from 'vitest';
import { align, sourceOf } from '../src/netlink/bytes.js';
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_ERROR } from '../src/netlink/constants.js';
import { outcomesOf, RequestBatch } from '../src/netlink/exchange.js';
import { pathAt, readVerdict, type Verdict } from '../src/netlink/extack.js';
import { type Message, messagesIn } from '../src/netlink/message.js';
import type { ValuesOf } from '../src/netlink/table.js';
import { LINK, LINK_HEADER, LINK_MESSAGE, RTM_NEWLINK } from '../src/netlink/index.js';
import { captured } from './fixtures.js';
import { doneReply, errorReply, joined, message } from './replies.js';

function only(reply: Uint8Array): Message {
  const messages = [...messagesIn(reply)];
  expect(messages).toHaveLength(1);
  return messages[0] as Message;
}

const said = { msg: 'integer out of range', offs: 60 };

describe('the kernel’s words', () => {
  test.each([
    ['an error that repeats the header', errorReply(1, 22, { said })],
    ['an error that repeats the request', errorReply(1, 22, { said, capped: false, request: request(61) })],
    ['the end of a list', doneReply(1, 22, said)],
  ])('are read from %s', (_what, reply) => {
    expect(readVerdict(only(reply))).toMatchObject({ errno: 22, message: said.msg, offset: 60 });
  });

  test('beside success are a warning', () => {
    expect(readVerdict(only(errorReply(1, 0, { said: { msg: 'deprecated' } })))).toMatchObject({
      errno: 0,
      message: 'deprecated',
    });
  });

  test('are not looked for where the flag does not announce them', () => {
    expect(readVerdict(only(errorReply(1, 17)))).toEqual({ errno: 17 });
    expect(readVerdict(only(doneReply(1)))).toEqual({ errno: 0 });
  });

  test('on what is missing have its number and the nest’s offset', () => {
    const reply = errorReply(1, 22, { said: { msg: 'missing', missType: 1, missNest: 48 } });
    expect(readVerdict(only(reply))).toMatchObject({ missingType: 1, missingNest: 48 });
  });

  /** A request whose length is given: an uncapped error repeats it, padded. */
  function request(length: number): Uint8Array {
    const bytes = new Uint8Array(align(length)).fill(0xee);
    sourceOf(bytes).view.setUint32(0, length, true);
    return bytes;
  }
});

describe('an answer that is cut short', () => {
  const cut = (type: number, flags: number, payload: readonly number[]) =>
    readVerdict(only(message(type, flags, 1, Uint8Array.from(payload))));

  test.each([
    ['after the errno of an uncapped error', NLMSG_ERROR, NLM_F_ACK_TLVS],
    ['after the errno of a capped error', NLMSG_ERROR, NLM_F_ACK_TLVS | NLM_F_CAPPED],
    ['after the errno of a list’s end', NLMSG_DONE, NLM_F_ACK_TLVS],
  ])('%s still says the errno', (_what, type, flags) => {
    expect(cut(type, flags, [0xea, 0xff, 0xff, 0xff])).toMatchObject({ errno: 22 });
  });

  test('inside the repeated request still says the errno', () => {
    // A repeated request of 4 GiB, of which nothing is there.
    const payload = [0xea, 0xff, 0xff, 0xff, 0xf0, 0xff, 0xff, 0xff, ...Array.from({ length: 12 }, () => 0)];
    expect(cut(NLMSG_ERROR, NLM_F_ACK_TLVS, payload)).toMatchObject({ errno: 22 });
  });
});

function batchOf(values: ValuesOf<typeof LINK>): RequestBatch {
  const batch = new RequestBatch(1);
  batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, {}, values);
  return batch;
}

/** Where an attribute stands in a request: numbers down the nests, each with the bytes of its fixed header. */
function offsetOf(request: Uint8Array, ...numbers: readonly (number | readonly [number, number])[]): number {
  const { view } = sourceOf(request);
  let at = 16 + LINK_HEADER.fullSize;
  for (const [depth, step] of numbers.entries()) {
    const [number, header] = typeof step === 'number' ? [step, 0] : step;
    while ((view.getUint16(at + 2, true) & 0x3fff) !== number) at += align(view.getUint16(at, true));
    if (depth < numbers.length - 1) at += 4 + header;
  }
  return at;
}

describe('the path of an attribute', () => {
  const vxlan = batchOf({ ifname: 'vx0', linkinfo: { kind: 'vxlan', data: { id: 4, port: 4789 } } });
  const veth = batchOf({
    ifname: 'v0',
    linkinfo: { kind: 'veth', data: { peer: { ifindex: 7, ifname: 'v1', address: '02:00:00:00:00:01' } } },
  });
  const port = batchOf({ linkinfo: { slaveKind: 'bridge', slaveData: { cost: 4, isolated: true } } });
  const other = batchOf({ linkinfo: { kind: 'tomorrow', data: Uint8Array.of(8, 0, 1, 0, 5, 0, 0, 0) } });
  const path = (batch: RequestBatch, offset: number) =>
    pathAt(batch.bytes(), offset, LINK_HEADER.fullSize, LINK);

  test.each([
    [vxlan, [3], ['ifname']],
    [vxlan, [18], ['linkinfo']],
    [vxlan, [18, 1], ['linkinfo', 'kind']],
    [vxlan, [18, 2], ['linkinfo', 'data']],
    [vxlan, [18, 2, 1], ['linkinfo', 'data', 'id']],
    [vxlan, [18, 2, 15], ['linkinfo', 'data', 'port']],
    [veth, [18, 2, 1], ['linkinfo', 'data', 'peer']],
    [veth, [18, 2, [1, 16] as const, 3], ['linkinfo', 'data', 'peer', 'ifname']],
    [veth, [18, 2, [1, 16] as const, 1], ['linkinfo', 'data', 'peer', 'address']],
    [port, [18, 5], ['linkinfo', 'slaveData']],
    [port, [18, 5, 3], ['linkinfo', 'slaveData', 'cost']],
    [port, [18, 5, 33], ['linkinfo', 'slaveData', 'isolated']],
    [other, [18, 2], ['linkinfo', 'data']],
  ])('%# goes through nests by kind and through embedded messages', (batch, numbers, expected) => {
    expect(path(batch, offsetOf(batch.bytes(), ...numbers))).toEqual(expected);
  });

  test('of a place inside a payload is that of its attribute', () => {
    expect(path(vxlan, offsetOf(vxlan.bytes(), 18, 2, 1) + 4)).toEqual(['linkinfo', 'data', 'id']);
    expect(path(other, offsetOf(other.bytes(), 18, 2) + 4)).toEqual(['linkinfo', 'data']);
  });

  test('of an unknown attribute is its number', () => {
    const batch = batchOf({ unknown: [{ type: 300, data: Uint8Array.of(1) }] });
    expect(path(batch, offsetOf(batch.bytes(), 300))).toEqual(['#300']);
    const inner = { kind: 'vxlan', data: { unknown: [{ type: 90, data: Uint8Array.of(1) }] } };
    const nested = batchOf({ linkinfo: inner });
    expect(path(nested, offsetOf(nested.bytes(), 18, 2, 90))).toEqual(['linkinfo', 'data', '#90']);
  });

  test.each([0, 8, 16, 31, 4000, 0xffff_fff0])(
    'of offset %i, which is no attribute’s, is empty',
    (offset) => {
      expect(path(vxlan, offset)).toEqual([]);
    },
  );

  test('in a request whose lengths are broken ends there', () => {
    const bytes = vxlan.bytes();
    sourceOf(bytes).view.setUint16(offsetOf(bytes, 18), 0, true);
    expect(pathAt(bytes, bytes.length - 4, LINK_HEADER.fullSize, LINK)).toEqual([]);
  });
});

describe('what is missing', () => {
  const batch = batchOf({ ifname: 'vx0', linkinfo: { kind: 'vxlan', data: { learning: true } } });
  const missing = (verdict: Partial<Verdict>) => batch.fieldPath(0, { errno: 22, ...verdict });

  test('at the top is named', () => {
    expect(missing({ missingType: 4 })).toEqual(['mtu']);
    expect(missing({ missingType: 300 })).toEqual(['#300']);
  });

  test('in a nest is named below the nest', () => {
    const nest = offsetOf(batch.bytes(), 18, 2);
    expect(missing({ missingType: 1, missingNest: nest })).toEqual(['linkinfo', 'data', 'id']);
    expect(missing({ missingType: 90, missingNest: nest })).toEqual(['linkinfo', 'data', '#90']);
  });

  test('in the message inside a veth is named below the peer', () => {
    const veth = batchOf({ linkinfo: { kind: 'veth', data: { peer: { mtu: 9000 } } } });
    const missingNest = offsetOf(veth.bytes(), 18, 2, 1);
    expect(veth.fieldPath(0, { errno: 22, missingType: 3, missingNest })).toEqual([
      'linkinfo',
      'data',
      'peer',
      'ifname',
    ]);
  });

  test('of a request that said nothing is nothing', () => {
    expect(missing({})).toEqual([]);
    expect(batch.fieldPath(7, { errno: 22, offset: 32 })).toEqual([]);
  });
});

describe('what a real kernel answered', () => {
  /** The captured request in a batch of one, so that paths are found in it. */
  function verdictOf(name: string) {
    const { request, reply } = captured(name);
    const verdicts = [...messagesIn(reply)]
      .filter(({ type }) => type === NLMSG_ERROR || type === NLMSG_DONE)
      .map((answer) => readVerdict(answer));
    const [verdict] = verdicts;
    if (verdict === undefined) throw new Error(`${name}: no verdict`);
    const path = verdict.offset === undefined ? [] : pathAt(request, verdict.offset, 16, LINK);
    return { ...verdict, path };
  }

  test.each([
    ['error-nested-attribute', 34, /policy validation/, ['linkinfo', 'data', 'priority']],
    ['error-in-embedded-message', 34, /policy validation/, ['linkinfo', 'data', 'peer', 'ifname']],
    ['error-text-and-attribute', 34, /VXLAN ID/, ['linkinfo', 'data', 'id']],
    ['error-text-only', 95, /Unknown device type/, []],
    ['error-unknown-attribute', 22, /Unknown attribute/, ['#300']],
    ['done-with-text', 2, /FIB table does not exist/, []],
  ])('%s', (name, errno, words, path) => {
    const verdict = verdictOf(name);
    expect(verdict).toMatchObject({ errno, path });
    expect(verdict.message).toMatch(words);
  });

  test('done-with-errno has no words', () => {
    expect(verdictOf('done-with-errno')).toMatchObject({ errno: 19, path: [] });
    expect(verdictOf('done-with-errno').message).toBeUndefined();
  });
});

test('one answer with words does not reach into the next', () => {
  const batch = new RequestBatch(5);
  for (let i = 0; i < 2; i++) batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, {}, { ifname: 'a' });
  const reply = joined(errorReply(5, 22, { said: { msg: 'first' } }), errorReply(6, 17));
  expect(outcomesOf(batch, reply).map(({ verdict }) => [verdict.errno, verdict.message])).toEqual([
    [22, 'first'],
    [17, undefined],
  ]);
});
