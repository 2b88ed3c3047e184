import { execFileSync } from 'node:child_process';
import type { Netns } from '@netloom/core';
import {
  LINK_MESSAGE,
  type Message,
  NetlinkSocket,
  NLM_F_CREATE,
  NLM_F_EXCL,
  readAttributes,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
} from '@netloom/core/netlink';
import { scratchNetns } from '@netloom/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

const RTNLGRP_LINK = 1;
const ENOBUFS = 105;

let netns: Netns;
beforeEach(async () => {
  netns = await scratchNetns();
});
afterEach(async () => {
  await netns.remove();
});

const open = (receiveBuffer?: number) => netns.opener.openNetlink(0, receiveBuffer);

test('more requests than a receive buffer can acknowledge are all answered, the failed ones by place', async () => {
  const socket = open(4096);
  const batch = socket.batch();
  for (let i = 0; i < 3000; i++)
    batch.add(RTM_GETLINK, 0, LINK_MESSAGE, { ifindex: i % 10 === 3 ? 99_999 : 1 }, {});
  const outcomes = await socket.exchange(batch);
  socket.close();
  expect(outcomes.length).toBe(3000);
  for (const [i, { verdict, messages }] of outcomes.entries()) {
    expect(verdict.errno).toBe(i % 10 === 3 ? 19 : 0);
    expect(messages.length).toBe(i % 10 === 3 ? 0 : 1);
  }
});

test('requests of both faces on one socket keep their answers apart', async () => {
  const socket = open();
  const ask = () => {
    const batch = socket.batch();
    batch.add(RTM_GETLINK, 0, LINK_MESSAGE, { ifindex: 1 }, {});
    return batch;
  };
  const promised = Array.from({ length: 50 }, () => socket.exchange(ask()));
  const [now] = socket.exchangeSync(ask());
  expect(now?.messages.length).toBe(1);
  for (const [outcome] of await Promise.all(promised)) expect(outcome?.messages.length).toBe(1);
  socket.close();
});

test('a listening socket hears what others change', async () => {
  const socket = open();
  const heard: string[] = [];
  const done = new Promise<void>((resolve) => {
    socket.listen([RTNLGRP_LINK], (notification) => {
      for (const message of 'messages' in notification ? notification.messages : []) {
        const verb = message.type === RTM_DELLINK ? 'del' : message.type === RTM_NEWLINK ? 'new' : '?';
        const name = readAttributes(LINK_MESSAGE, message).ifname ?? '';
        if (name !== 'lo' && heard.at(-1) !== `${verb} ${name}`) heard.push(`${verb} ${name}`);
        if (verb === 'del') resolve();
      }
    });
  });
  execFileSync('ip', ['-n', netns.name ?? '', 'link', 'add', 'br7', 'type', 'bridge']);
  execFileSync('ip', ['-n', netns.name ?? '', 'link', 'delete', 'br7']);
  await done;
  socket.close();
  expect(heard).toEqual(['new br7', 'del br7']);
});

test('an overrun is told as ENOBUFS, and the socket hears again afterwards', async () => {
  const socket = open(8192);
  const errnos: number[] = [];
  let messages: Message[] = [];
  let look = () => {};
  socket.listen([RTNLGRP_LINK], (notification) => {
    if ('messages' in notification) messages = messages.concat(notification.messages);
    else errnos.push(notification.errno);
    look();
  });
  // Synchronous: the event loop cannot read in between, so the buffer overflows.
  const changes = Array.from({ length: 200 }, (_, i) => `link set lo mtu ${60_000 + i}`).join('\n');
  execFileSync('ip', ['-n', netns.name ?? '', '-batch', '-'], { input: changes });
  await new Promise<void>((resolve) => {
    look = () => {
      if (errnos.length > 0) resolve();
    };
    look();
  });
  expect(errnos[0]).toBe(ENOBUFS);
  messages = [];
  const again = new Promise<void>((resolve) => {
    look = () => {
      if (messages.some((message) => readAttributes(LINK_MESSAGE, message).mtu === 1234)) resolve();
    };
  });
  execFileSync('ip', ['-n', netns.name ?? '', 'link', 'set', 'lo', 'mtu', '1234']);
  await again;
  socket.close();
});

test('the subpath alone serves a program: it opens, asks and reads', async () => {
  const socket = NetlinkSocket.open();
  const batch = socket.batch();
  batch.addDump(RTM_GETLINK, LINK_MESSAGE, {}, {});
  const [outcome] = await socket.exchange(batch);
  socket.close();
  const names = outcome?.messages.map((message) => readAttributes(LINK_MESSAGE, message).ifname);
  expect(names).toContain('lo');
});

test('a refusal says where in the request it is', async () => {
  const socket = open();
  const batch = socket.batch();
  batch.add(
    RTM_NEWLINK,
    NLM_F_CREATE | NLM_F_EXCL,
    LINK_MESSAGE,
    {},
    { ifname: 'vx0', linkinfo: { kind: 'vxlan', data: { id: 1 << 25 } } },
  );
  const [outcome] = await socket.exchange(batch);
  socket.close();
  expect(outcome?.verdict).toMatchObject({ errno: 34, message: 'VXLAN ID must be lower than 16777216' });
  expect(outcome?.path).toEqual(['linkinfo', 'data', 'id']);
});

test('closing rejects what is queued, and a closed socket says EBADF', async () => {
  const socket = open();
  const batch = socket.batch();
  batch.add(RTM_GETLINK, 0, LINK_MESSAGE, { ifindex: 1 }, {});
  socket.close();
  await expect(socket.exchange(batch)).rejects.toMatchObject({ code: 'EBADF' });
  expect(() => socket.exchangeSync(batch)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});
