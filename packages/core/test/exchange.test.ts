import { describe, expect, test } from 'vitest';
import { sourceOf, Writer } from '../src/netlink/bytes.js';
import { MalformedMessage } from '../src/netlink/compile.js';
import { NLM_F_DUMP_FILTERED, NLM_F_DUMP_INTR, NLM_F_MULTI } from '../src/netlink/constants.js';
import { outcomesOf, RequestBatch } from '../src/netlink/exchange.js';
import { messagesIn, readAttributes, readHeader, writeMessage } from '../src/netlink/message.js';
import { LINK_MESSAGE, NSID_MESSAGE, RTM_GETLINK, RTM_NEWLINK, RTM_NEWNSID } from '../src/netlink/index.js';
import { captured } from './fixtures.js';
import { doneReply, errorReply, joined, message } from './replies.js';

const link = (seq: number, flags: number, ifname: string): Uint8Array => {
  const writer = new Writer();
  writeMessage(writer, { type: RTM_NEWLINK, flags, seq }, LINK_MESSAGE, { ifindex: 1 }, { ifname });
  return writer.finish();
};
const names = (bytes: readonly { messages: readonly Parameters<typeof readAttributes>[1][] }[]) =>
  bytes.map(({ messages }) => messages.map((one) => readAttributes(LINK_MESSAGE, one).ifname));

describe('a batch', () => {
  const flagsOf = (batch: RequestBatch) => [...messagesIn(batch.bytes())].map(({ flags }) => flags);
  const CREATE = 0x400;
  const ACK = 0x4;

  test('numbers its requests one after another, each padded to four bytes', () => {
    const batch = new RequestBatch(41);
    expect(batch.addDump(RTM_GETLINK, LINK_MESSAGE, {}, {})).toBe(0);
    expect(batch.add(RTM_NEWLINK, CREATE, LINK_MESSAGE, { ifindex: 3 }, { ifname: 'abcd' })).toBe(1);
    expect(batch.count).toBe(2);
    const sent = [...messagesIn(batch.bytes())];
    expect(sent.map(({ type, flags, seq }) => [type, flags, seq])).toEqual([
      [RTM_GETLINK, 0x301, 41],
      [RTM_NEWLINK, 0x405, 42],
    ]);
    expect(batch.bytes().length % 4).toBe(0);
    expect(readHeader(LINK_MESSAGE, sent[1] as never)).toMatchObject({ ifindex: 3, flags: 0 });
  });

  test('asks for the end of each run of plain changes, and for one in sixty-four of a long run', () => {
    const batch = new RequestBatch(1);
    for (let i = 0; i < 200; i++) batch.add(RTM_NEWLINK, CREATE, LINK_MESSAGE, {}, {});
    const acked = flagsOf(batch).flatMap((flags, i) => ((flags & ACK) === 0 ? [] : [i]));
    expect(acked).toEqual([63, 127, 191, 199]);
  });

  test('never asks for the end of what goes out with the message after it, wherever it stands', () => {
    const batch = new RequestBatch(1);
    for (let i = 0; i < 100; i++) {
      batch.addJoined(RTM_NEWLINK, CREATE, LINK_MESSAGE, {}, {});
      batch.add(RTM_NEWLINK, CREATE, LINK_MESSAGE, {}, {});
      batch.add(RTM_GETLINK, 0, LINK_MESSAGE, {}, {});
    }
    const acked = flagsOf(batch).flatMap((flags, i) => ((flags & ACK) === 0 ? [] : [i % 3]));
    expect(acked).not.toContain(0);
    expect(acked.filter((place) => place === 2)).toHaveLength(100);
  });

  test('asks for the answer of all that reads, echoes or takes away', () => {
    const batch = new RequestBatch(1);
    const ECHO = 0x8;
    for (const flags of [0, CREATE | ECHO, 0, CREATE]) batch.add(RTM_NEWLINK, flags, LINK_MESSAGE, {}, {});
    batch.add(RTM_GETLINK, 0, LINK_MESSAGE, {}, {});
    expect(flagsOf(batch).map((flags) => flags & ACK)).toEqual([ACK, ACK, ACK, 0, ACK]);
  });

  test('pads a fixed header that is no multiple of four', () => {
    const batch = new RequestBatch(1);
    batch.add(RTM_NEWNSID, 0, NSID_MESSAGE, { family: 0 }, { nsid: -1, fd: 3 });
    expect(batch.bytes()).toHaveLength(16 + 4 + 8 + 8);
    const [sent] = messagesIn(batch.bytes());
    expect(readAttributes(NSID_MESSAGE, sent as never)).toEqual({ nsid: -1, fd: 3 });
  });

  test('takes back what a throwing attempt had added, and only that', () => {
    const batch = new RequestBatch(1);
    batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, {}, { ifname: 'before' });
    const before = batch.bytes();
    expect(() =>
      batch.attempt((half) => {
        half.add(RTM_NEWLINK, 0, LINK_MESSAGE, {}, { ifname: 'half' });
        half.add(RTM_NEWLINK, 0, LINK_MESSAGE, {}, { physPortId: new Uint8Array(70_000) });
      }),
    ).toThrow(RangeError);
    expect(batch.bytes()).toEqual(before);
    batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, {}, { ifname: 'after' });
    expect([...messagesIn(batch.bytes())].map(({ seq }) => seq)).toEqual([1, 2]);
  });
});

describe('a reply is sorted by request', () => {
  const batchOf = (firstSeq: number, count: number) => {
    const batch = new RequestBatch(firstSeq);
    for (let i = 0; i < count; i++) batch.add(RTM_GETLINK, 0, LINK_MESSAGE, {}, {});
    return batch;
  };

  test('silence is success', () => {
    expect(outcomesOf(batchOf(1, 2), new Uint8Array())).toEqual([
      { verdict: { errno: 0 }, messages: [], path: [], interrupted: false, filtered: false },
      { verdict: { errno: 0 }, messages: [], path: [], interrupted: false, filtered: false },
    ]);
  });

  test('in whatever order answers come', () => {
    const reply = joined(
      link(12, 0, 'third'),
      errorReply(11, 17),
      link(10, 0, 'first'),
      link(12, 0, 'fourth'),
    );
    const outcomes = outcomesOf(batchOf(10, 3), reply);
    expect(names(outcomes)).toEqual([['first'], [], ['third', 'fourth']]);
    expect(outcomes.map(({ verdict }) => verdict.errno)).toEqual([0, 17, 0]);
  });

  test('messages of nobody’s sequence number are left out', () => {
    const reply = joined(link(0, 0, 'event'), link(9, 0, 'old'), link(12, 0, 'new'), errorReply(0, 5));
    expect(names(outcomesOf(batchOf(10, 2), reply))).toEqual([[], []]);
  });

  test('an interrupted part makes the whole list interrupted', () => {
    const reply = joined(
      link(1, NLM_F_MULTI, 'a'),
      link(1, NLM_F_MULTI | NLM_F_DUMP_INTR, 'b'),
      link(1, NLM_F_MULTI, 'c'),
      doneReply(1),
    );
    const [outcome] = outcomesOf(batchOf(1, 1), reply);
    expect(outcome).toMatchObject({ interrupted: true, filtered: false });
    expect(outcome?.messages).toHaveLength(3);
  });

  test('so does the end of the list alone', () => {
    const [outcome] = outcomesOf(batchOf(1, 1), doneReply(1, 0, undefined, NLM_F_DUMP_INTR));
    expect(outcome?.interrupted).toBe(true);
  });

  test('the proof of filtering may come with the end of an empty list', () => {
    const [outcome] = outcomesOf(batchOf(1, 1), doneReply(1, 0, undefined, NLM_F_DUMP_FILTERED));
    expect(outcome?.filtered).toBe(true);
  });

  test('one request’s flags are not another’s', () => {
    const reply = joined(link(1, NLM_F_DUMP_INTR, 'a'), link(2, 0, 'b'));
    expect(outcomesOf(batchOf(1, 2), reply).map(({ interrupted }) => interrupted)).toEqual([true, false]);
  });

  test.each([
    ['a length below the header', [15, 0, 0, 0]],
    ['a length of zero', [0, 0, 0, 0]],
    ['a length past the end', [17, 0, 0, 0]],
    ['a length of four gigabytes', [255, 255, 255, 255]],
  ])('%s is a malformed message', (_what, length) => {
    const reply = Uint8Array.from([...length, ...Array.from({ length: 12 }, () => 0)]);
    expect(() => outcomesOf(batchOf(1, 1), reply)).toThrow(MalformedMessage);
  });
});

describe('a message', () => {
  test('shorter than its fixed header reads as zeros, without attributes', () => {
    const [short] = messagesIn(message(RTM_NEWLINK, 0, 1, Uint8Array.of(7)));
    expect(readHeader(LINK_MESSAGE, short as never)).toEqual({
      family: 7,
      pad: 0,
      type: 0,
      ifindex: 0,
      flags: 0,
      change: 0,
    });
    expect(readAttributes(LINK_MESSAGE, short as never)).toEqual({});
  });

  test('a header cut short does not read into the message after it', () => {
    const reply = joined(message(RTM_NEWLINK, 0, 1, Uint8Array.of(7, 0, 1, 0)), link(1, 0, 'next'));
    const [short, next] = messagesIn(reply);
    expect(readHeader(LINK_MESSAGE, short as never)).toMatchObject({ ifindex: 0, flags: 0 });
    expect(readAttributes(LINK_MESSAGE, next as never).ifname).toBe('next');
  });
});

describe('what a real kernel answered', () => {
  const linksIn = (name: string) =>
    [...messagesIn(captured(name).reply)]
      .filter(({ type }) => type === RTM_NEWLINK)
      .map((one) => ({ ...readHeader(LINK_MESSAGE, one), ...readAttributes(LINK_MESSAGE, one) }));

  test('the loopback link of a fresh namespace', () => {
    expect(linksIn('get-lo')).toMatchObject([
      {
        ifindex: 1,
        type: 772,
        flags: 0x8,
        ifname: 'lo',
        mtu: 65_536,
        txqlen: 1000,
        group: 0,
        address: '00:00:00:00:00:00',
        broadcast: '00:00:00:00:00:00',
        operstate: 2,
        qdisc: 'noop',
        stats64: { rxPackets: 0n, txPackets: 0n },
        afSpec: { inet6: { addrGenMode: 0 } },
      },
    ]);
  });

  test('a list of bridges: the kernel filtered, and says so', () => {
    const [bridge] = linksIn('dump-filtered');
    expect(linksIn('dump-filtered')).toHaveLength(1);
    expect(bridge?.linkinfo).toMatchObject({
      kind: 'bridge',
      data: { ageingTime: 300, forwardDelay: 15, maxAge: 20, mcastSnooping: true },
    });
    expect(bridge?.linkinfo?.data).toMatchObject({ groupAddr: '01:80:c2:00:00:00', mcastQueryIntvl: 125 });
    const [outcome] = outcomesOf(dump(), captured('dump-filtered').reply);
    expect(outcome?.filtered).toBe(true);
  });

  test('a list of a kind that it does not know: everything, unfiltered', () => {
    const [outcome] = outcomesOf(dump(), captured('dump-of-unknown-kind').reply);
    expect(outcome?.filtered).toBe(false);
    expect(linksIn('dump-of-unknown-kind').length).toBeGreaterThan(1);
  });

  const dump = () => {
    const batch = new RequestBatch(1);
    batch.addDump(RTM_GETLINK, LINK_MESSAGE, {}, {});
    return batch;
  };

  test('every captured message of links is written back with the same meaning', () => {
    for (const name of ['get-lo', 'dump-filtered', 'dump-of-unknown-kind']) {
      for (const one of messagesIn(captured(name).reply)) {
        if (one.type !== RTM_NEWLINK) continue;
        const values = readAttributes(LINK_MESSAGE, one);
        const writer = new Writer();
        LINK_MESSAGE.attributes.encode(writer, values);
        const bytes = writer.finish();
        expect(LINK_MESSAGE.attributes.decode(sourceOf(bytes), 0, bytes.length)).toEqual(values);
      }
    }
  });
});
