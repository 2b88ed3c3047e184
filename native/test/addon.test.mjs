import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import native from '../index.js';
import {
  concat,
  createLink,
  dumpLinks,
  getLink,
  message,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLMSG_DONE,
  NLMSG_ERROR,
  RTM_DELLINK,
  RTM_NEWLINK,
  RTNLGRP_LINK,
  removeLink,
  setUp,
  split,
} from './rtnetlink.mjs';

const IFF_TUN = 0x1;
const IFF_TAP = 0x2;
const IFF_MULTI_QUEUE = 0x100;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const ENOBUFS = 105;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** Counted when nothing is left that garbage collection would close. */
async function openDescriptors() {
  collectGarbage();
  await nextTurn(); // finalizers run as a task of their own
  await nextTurn();
  return readdirSync('/proc/self/fd').length;
}

function scratch(receiveBuffer = 0) {
  const netns = native.createNetns();
  return { netns, open: (size = receiveBuffer) => native.openNetlink(netns, NETLINK_ROUTE, size) };
}

const failsWith = (code, syscall) => (error) => {
  assert.ok(error instanceof Error);
  assert.equal(error.code, code);
  assert.equal(error.syscall, syscall);
  assert.ok(error.errno > 0);
  assert.ok(error.message.startsWith(`${syscall}: `) && error.message.endsWith(`(${code})`), error.message);
  return true;
};

const wrongType = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };

/** Settles with the first delivery that `wanted` accepts; all deliveries so far are in `seen`. */
function heard(socket, wanted, seen = []) {
  return new Promise((resolve) => {
    socket.listen((errno, bytes) => {
      const delivery = { errno, messages: bytes === null ? null : split(bytes) };
      seen.push(delivery);
      if (wanted(delivery)) resolve(delivery);
    });
  });
}

const worker = (text) =>
  new Worker(
    `const { parentPort } = require('node:worker_threads');
     (async () => {
       const { default: native } = await import(${JSON.stringify(new URL('../index.js', import.meta.url).href)});
       const nl = await import(${JSON.stringify(new URL('./rtnetlink.mjs', import.meta.url).href)});
       const netns = native.createNetns();
       const socket = native.openNetlink(netns, nl.NETLINK_ROUTE, 0);
       ${text}
     })();`,
    { eval: true },
  );

const child = (text) =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import native from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};
       import * as nl from ${JSON.stringify(new URL('./rtnetlink.mjs', import.meta.url).href)};
       const netns = native.createNetns();
       const socket = native.openNetlink(netns, nl.NETLINK_ROUTE, 0);
       ${text}`,
    ],
    { encoding: 'utf8', timeout: 60_000 },
  );

test('no thread is started before the first promised request', () => {
  native.createNetns().close();
  assert.equal(native.requestThreads(), 0);
});

describe('namespaces', () => {
  test('each has an identity, and opening by path finds the same one', () => {
    const one = native.createNetns();
    const again = native.openNetns(`/proc/self/fd/${one.fd}`);
    assert.deepEqual(native.netnsIdentity(one), native.netnsIdentity(again));
    assert.notDeepEqual(native.netnsIdentity(one), native.netnsIdentity(native.currentNetns()));
    assert.equal(typeof native.netnsIdentity(one).ino, 'bigint');
  });

  test('another file is refused', () => {
    assert.throws(() => native.openNetns('/etc/passwd'), failsWith('EINVAL', 'NS_GET_NSTYPE'));
    assert.throws(() => native.openNetns('/none'), failsWith('ENOENT', 'open'));
  });

  test('a closed one is EBADF wherever it is used', () => {
    const netns = native.createNetns();
    netns.close();
    netns.close();
    assert.equal(netns.fd, -1);
    assert.throws(() => native.netnsIdentity(netns), failsWith('EBADF', 'fstat'));
    assert.throws(() => native.openNetlink(netns, NETLINK_ROUTE, 0), failsWith('EBADF', 'setns'));
  });

  test('a sysctl belongs to the namespace that it was opened in', () => {
    const { netns } = scratch();
    const sysctl = native.openSysctl(netns, 'net/ipv4/ip_forward', false);
    const byte = new Uint8Array(1);
    assert.equal(readSync(sysctl.fd, byte, 0, 1, 0), 1);
    assert.throws(() => native.openSysctl(netns, '../self/status', false), { code: 'EINVAL' });
    assert.throws(
      () => native.openSysctl(netns, 'net/none', false),
      failsWith('ENOENT', 'open /proc/sys/net/none'),
    );
  });
});

describe('arguments', () => {
  test('wrong types are a TypeError that names the argument', () => {
    const { netns, open } = scratch();
    const socket = open();
    const tun = native.openTun(netns, { ifname: '', flags: IFF_TAP, ifindex: 0 });
    const wrong = [
      () => native.openNetns(),
      () => native.openNetns('a\0b'),
      () => native.netnsIdentity(null),
      () => native.netnsIdentity({ fd: 3 }),
      () => native.netnsIdentity(socket),
      () => native.netnsIdentity(Object.setPrototypeOf({}, Object.getPrototypeOf(netns))),
      () => native.netnsIdentity(Object.setPrototypeOf(open(), Object.getPrototypeOf(netns))),
      () => native.openNetlink(undefined, 0, 0),
      () => native.openNetlink(netns, '0', 0),
      () => native.openNetlink(netns, 0, -1),
      () => native.openNetlink(netns, 0, 0.5),
      () => native.openNetlink(netns, 0, 2 ** 31),
      () => native.openTun(netns),
      () => native.openTun(netns, { ifname: 1, flags: 0, ifindex: 0 }),
      () => native.openTun(netns, { ifname: '', flags: -1, ifindex: 0 }),
      () => native.openTun(netns, { ifname: '', flags: IFF_TAP, ifindex: Number.NaN }),
      () => native.openSysctl(netns, 'net', 1),
      () => native.bindMount('/a'),
      () => native.shareMount(1),
      () => native.unmount(),
      () => native.tryLock('1'),
      () => socket.exchangeSync([1]),
      () => socket.exchangeSync(new ArrayBuffer(16)),
      () => socket.exchangeSync(new Int8Array(16)),
      () => socket.exchange('x'),
      () => socket.join(-1),
      () => socket.listen({}),
      () => tun.setVnetHeaderSize(),
      () => tun.setPersist(1),
      () => tun.setOwner(-2),
    ];
    for (const call of wrong) assert.throws(call, wrongType, String(call));
  });

  test('classes are not constructed from JavaScript', () => {
    const { netns } = scratch();
    assert.throws(() => new netns.constructor(), { code: 'ERR_ILLEGAL_CONSTRUCTOR' });
  });

  test("a method does not take another class's object", () => {
    const { netns, open } = scratch();
    assert.throws(() => netns.close.call(open()), TypeError);
    assert.throws(() => open().join.call({}, 1), TypeError);
  });
});

describe('exchange', () => {
  test('returns all messages but bare acknowledgements', () => {
    const socket = scratch().open();
    assert.equal(socket.exchangeSync(createLink('br0')).length, 0);
    const [link, ...rest] = split(socket.exchangeSync(getLink('br0')));
    assert.equal(link.type, RTM_NEWLINK);
    assert.equal(link.pid, socket.portId);
    assert.equal(rest.length, 0);
    assert.deepEqual(
      split(socket.exchangeSync(dumpLinks())).map(({ type }) => type),
      [RTM_NEWLINK, RTM_NEWLINK, NLMSG_DONE],
    );
  });

  test('a request that fails does not stop those after it', () => {
    const socket = scratch().open();
    const answers = split(
      socket.exchangeSync(concat(createLink('br0'), createLink('br0'), createLink('br1'))),
    );
    assert.deepEqual(
      answers.map(({ type, error }) => [type, error]),
      [[NLMSG_ERROR, 17]],
    );
    assert.equal(split(socket.exchangeSync(getLink('br1')))[0].type, RTM_NEWLINK);
  });

  test('a promise brings the same, and the request may be reused at once', async () => {
    const socket = scratch().open();
    const request = getLink('lo');
    const pending = socket.exchange(request);
    request.fill(0xff);
    assert.equal(split(await pending)[0].type, RTM_NEWLINK);
    assert.ok(native.requestThreads() >= 1);
  });

  test('promises of one socket settle in order', async () => {
    const socket = scratch().open();
    const order = [];
    const many = Array.from({ length: 200 }, (_, i) =>
      socket.exchange(i % 50 === 0 ? createLink(`br${i}`) : getLink('lo')).then(() => order.push(i)),
    );
    await Promise.all(many);
    assert.deepEqual(
      order,
      Array.from({ length: 200 }, (_, i) => i),
    );
    assert.ok(native.requestThreads() <= 4);
  });

  test('many sockets at once keep their answers apart', async () => {
    const { open } = scratch();
    const sockets = Array.from({ length: 12 }, () => open());
    const answers = await Promise.all(
      sockets.flatMap((socket) =>
        Array.from({ length: 20 }, async () => [
          socket.portId,
          split(await socket.exchange(getLink('lo')))[0].pid,
        ]),
      ),
    );
    for (const [port, pid] of answers) assert.equal(pid, port);
    assert.ok(native.requestThreads() <= 4);
  });

  test('malformed requests throw or reject with EINVAL', async () => {
    const socket = scratch().open();
    assert.throws(() => socket.exchangeSync(new Uint8Array(0)), failsWith('EINVAL', 'exchange'));
    assert.throws(() => socket.exchangeSync(new Uint8Array(16)), failsWith('EINVAL', 'exchange'));
    await assert.rejects(socket.exchange(new Uint8Array(16)), failsWith('EINVAL', 'exchange'));
  });

  test('a transport failure tells how many messages were completed', async () => {
    const socket = scratch().open();
    const request = () => concat(createLink('br0'), message(RTM_NEWLINK, NLM_F_ACK, new Uint8Array(1 << 20)));
    assert.throws(() => socket.exchangeSync(request()), { code: 'EMSGSIZE', completed: 1 });
    await assert.rejects(socket.exchange(request()), { code: 'EMSGSIZE', completed: 1 });
  });

  test('closing rejects what is queued with EBADF and closes the descriptor', async () => {
    const { open } = scratch();
    const before = await openDescriptors();
    let socket;
    let refused = [];
    // A request thread may be quicker than this one: until close() has found something queued.
    while (refused.length === 0) {
      socket = open();
      const many = Array.from({ length: 50 }, () => socket.exchange(getLink('lo')));
      socket.close();
      socket.close();
      assert.equal(socket.fd, -1);
      const settled = await Promise.allSettled(many);
      refused = settled.filter(({ status }) => status === 'rejected');
      assert.deepEqual(settled.slice(settled.length - refused.length), refused);
    }
    for (const { reason } of refused) failsWith('EBADF', 'sendmsg')(reason);
    await assert.rejects(socket.exchange(getLink('lo')), failsWith('EBADF', 'sendmsg'));
    assert.throws(() => socket.exchangeSync(getLink('lo')), failsWith('EBADF', 'sendmsg'));
    assert.throws(() => socket.join(1), failsWith('EBADF', 'sendmsg'));
    assert.equal(await openDescriptors(), before);
  });

  test('the receive buffer is as the kernel counts it', () => {
    assert.equal(scratch().open(100_000).receiveBuffer, 200_000);
  });
});

describe('listen', () => {
  test('delivers what another socket caused', async () => {
    const { open } = scratch();
    const [listener, other] = [open(), open()];
    listener.join(RTNLGRP_LINK);
    const created = heard(listener, ({ messages }) => messages?.some(({ type }) => type === RTM_DELLINK));
    other.exchangeSync(createLink('br0'));
    await other.exchange(removeLink('br0'));
    await created;
    listener.close();
  });

  test('leaving a group ends its messages', async () => {
    const { open } = scratch();
    const [listener, other] = [open(), open()];
    const seen = [];
    listener.join(RTNLGRP_LINK);
    const first = heard(listener, () => true, seen);
    other.exchangeSync(createLink('br0'));
    await first;
    listener.leave(RTNLGRP_LINK);
    const count = seen.length;
    other.exchangeSync(createLink('br1'));
    await nextTurn();
    await nextTurn();
    assert.equal(seen.length, count);
    listener.close();
  });

  test('a loss is reported, and what follows still arrives', async () => {
    const { open } = scratch();
    const listener = open(1);
    const other = open();
    listener.join(RTNLGRP_LINK);
    const seen = [];
    const lost = heard(listener, ({ errno }) => errno === ENOBUFS, seen);
    for (let i = 0; i < 100; i++) other.exchangeSync(setUp(1, i % 2 === 0));
    assert.equal((await lost).messages, null);
    // It is told when the queue is empty: what is changed in answer to it is heard.
    assert.equal(seen.at(-1).errno, ENOBUFS);
    const count = seen.length;
    other.exchangeSync(setUp(1, true));
    while (!seen.slice(count).some(({ errno }) => errno === 0)) await nextTurn();
    listener.close();
  });

  test('closing inside the callback is allowed and nothing comes after', async () => {
    const { open } = scratch();
    const other = open();
    for (let round = 0; round < 20; round++) {
      const listener = open(1);
      listener.join(RTNLGRP_LINK);
      let calls = 0;
      const called = new Promise((resolve) => {
        listener.listen(() => {
          calls++;
          listener.close();
          resolve();
        });
      });
      for (let i = 0; i < 100; i++) other.exchangeSync(setUp(1, i % 2 === 0));
      await called;
      await nextTurn();
      assert.equal(calls, 1);
      assert.equal(listener.fd, -1);
    }
  });

  test('a listening socket refuses to exchange and to listen again', () => {
    const socket = scratch().open();
    socket.listen(() => {});
    assert.throws(() => socket.exchangeSync(getLink('lo')), failsWith('EBUSY', 'exchange'));
    assert.throws(() => socket.exchange(getLink('lo')), failsWith('EBUSY', 'exchange'));
    assert.throws(() => socket.listen(() => {}), failsWith('EBUSY', 'listen'));
    socket.close();
    assert.throws(() => socket.listen(() => {}), failsWith('EBADF', 'sendmsg'));
  });

  test('a number that is used again at once listens', async () => {
    const { open } = scratch();
    const other = open();
    for (let round = 0; round < 50; round++) {
      const first = open();
      first.listen(() => assert.fail('closed'));
      const number = first.fd;
      first.close();
      const second = open();
      assert.equal(second.fd, number);
      second.join(RTNLGRP_LINK);
      const event = heard(second, () => true);
      other.exchangeSync(setUp(1, round % 2 === 0));
      await event;
      second.close();
    }
  });

  test('an error thrown in the callback is an uncaught exception', () => {
    const { status, stderr } = child(`
      const listener = native.openNetlink(netns, nl.NETLINK_ROUTE, 0);
      listener.join(nl.RTNLGRP_LINK);
      process.on('uncaughtException', (error) => { console.error('caught ' + error.message); listener.close(); });
      listener.listen(() => { throw new Error('mine'); });
      socket.exchangeSync(nl.createLink('br0'));`);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /caught mine/);
  });

  test('an unreferenced listener lets the process end, a referenced one does not', () => {
    const { status, stdout, stderr } = child(`
      const [one, two] = [0, 0].map(() => native.openNetlink(netns, nl.NETLINK_ROUTE, 0));
      one.unref();
      one.listen(() => {});
      two.join(nl.RTNLGRP_LINK);
      two.unref();
      two.ref();
      two.listen(() => { console.log('heard'); two.unref(); });
      setImmediate(() => socket.exchangeSync(nl.createLink('br0')));`);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'heard\n');
  });
});

describe('tun', () => {
  test('a queue is what was asked and obeys', () => {
    const { netns, open } = scratch();
    const flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE;
    const one = native.openTun(netns, { ifname: 'tap%d', flags, ifindex: 77 });
    assert.equal(one.ifname, 'tap0');
    assert.equal(one.flags & (flags | IFF_TUN), flags);
    assert.equal(split(open().exchangeSync(getLink('tap0')))[0].index, 77);
    const two = native.openTun(netns, { ifname: 'tap0', flags, ifindex: 0 });
    two.setAttached(false);
    two.setAttached(true);
    one.setVnetHeaderSize(12);
    assert.equal(one.getVnetHeaderSize(), 12);
    one.setOffload(1);
    one.setCarrier(false);
    one.setSendBuffer(1 << 20);
    one.setOwner(0);
    one.setGroup(0);
    one.setPersist(true);
    one.setPersist(false);
    assert.ok(native.tunFeatures() & IFF_MULTI_QUEUE);
    one.close();
    assert.equal(one.fd, -1);
    assert.throws(() => one.flags, failsWith('EBADF', 'TUNGETIFF'));
    assert.throws(() => one.setPersist(true), failsWith('EBADF', 'TUNSETPERSIST'));
  });

  test('a busy name is refused', () => {
    const { netns } = scratch();
    const request = { ifname: 'tap0', flags: IFF_TAP | IFF_NO_PI, ifindex: 0 };
    const held = native.openTun(netns, request);
    assert.throws(() => native.openTun(netns, request), failsWith('EBUSY', 'TUNSETIFF'));
    held.close();
    native.openTun(netns, request).close();
  });
});

describe('descriptors', () => {
  test('a lock has one holder', () => {
    const directory = mkdtempSync(join(tmpdir(), 'netloom-'));
    const [one, two] = ['w', 'w'].map((mode) => openSync(join(directory, 'lock'), mode));
    assert.equal(native.tryLock(one), true);
    assert.equal(native.tryLock(two), false);
    closeSync(one);
    assert.equal(native.tryLock(two), true);
    closeSync(two);
    rmSync(directory, { recursive: true });
  });

  test('a thousand rounds leave none behind', async () => {
    const { netns, open } = scratch();
    const round = (i) => {
      const again = native.openNetns(`/proc/self/fd/${netns.fd}`);
      const socket = open();
      socket.exchangeSync(getLink('lo'));
      const listener = open();
      listener.listen(() => {});
      for (const one of [again, socket, listener]) one.close();
      // Now and then: the kernel takes its time (RCU) to remove the device.
      if (i % 50 === 0) native.openTun(netns, { ifname: '', flags: IFF_TAP, ifindex: 0 }).close();
    };
    round(0);
    const before = await openDescriptors();
    for (let i = 0; i < 1000; i++) {
      round(i);
      if (i % 100 === 0) await nextTurn(); // libuv lets go of the closed handles
    }
    assert.equal(await openDescriptors(), before);
  });
});

describe('the end of an environment', () => {
  const ROUNDS = 20;
  const busy = `
    for (let i = 0; i < 200; i++) socket.exchange(i % 10 ? nl.getLink('lo') : nl.createLink('br' + i));
    parentPort.postMessage('busy');`;
  const listening = `
    const listener = native.openNetlink(netns, nl.NETLINK_ROUTE, 0);
    listener.join(nl.RTNLGRP_LINK);
    listener.listen(() => { socket.exchangeSync(nl.setUp(1, on = !on)); });
    let on = true;
    socket.exchangeSync(nl.setUp(1, on));
    parentPort.postMessage('listening');`;

  async function rounds(text, finish) {
    const before = await openDescriptors();
    for (let i = 0; i < ROUNDS; i++) {
      const thread = worker(text);
      const exit = once(thread, 'exit');
      await once(thread, 'message');
      await finish?.(thread);
      await exit;
    }
    return before;
  }

  test('a worker is terminated with requests in flight', async () => {
    await rounds(busy, (thread) => thread.terminate());
    // The process's request threads are sound afterwards.
    assert.equal(split(await scratch().open().exchange(getLink('lo')))[0].type, RTM_NEWLINK);
  });

  test('a worker exits with requests in flight', async () => {
    await rounds(`${busy} process.exit();`);
    assert.equal(split(await scratch().open().exchange(getLink('lo')))[0].type, RTM_NEWLINK);
  });

  test('a worker is terminated while it listens, and its descriptors go with it', async () => {
    const before = await rounds(listening, (thread) => thread.terminate());
    assert.equal(await openDescriptors(), before);
  });

  test('a worker exits by itself once nothing is left to do', async () => {
    const before = await rounds(`await socket.exchange(nl.getLink('lo')); parentPort.postMessage('done');`);
    assert.equal(await openDescriptors(), before);
  });

  test('request threads survive the last worker that loaded the addon', () => {
    // Only the worker loads it here: Node closes the library with the worker.
    const url = JSON.stringify(new URL('../index.js', import.meta.url).href);
    const helper = JSON.stringify(new URL('./rtnetlink.mjs', import.meta.url).href);
    const text = `
      const { Worker } = require('node:worker_threads');
      const run = (left) => new Worker(\`
        const { parentPort } = require('node:worker_threads');
        Promise.all([import(${url}), import(${helper})]).then(([{ default: native }, nl]) => {
          const netns = native.createNetns();
          const socket = native.openNetlink(netns, nl.NETLINK_ROUTE, 0);
          for (let i = 0; i < 100; i++) socket.exchange(nl.createLink('br' + i));
          parentPort.postMessage('busy');
        });\`, { eval: true })
        .on('message', function () { this.terminate(); })
        .on('exit', () => { if (left > 1) run(left - 1); });
      run(5);`;
    const { status, signal, stderr } = spawnSync(process.execPath, ['-e', text], { encoding: 'utf8' });
    assert.deepEqual([status, signal], [0, null], stderr);
  });

  test('process.exit() with requests in flight and a listener is clean', () => {
    for (let round = 0; round < 5; round++) {
      const { status, signal, stderr } = child(`
        const listener = native.openNetlink(netns, nl.NETLINK_ROUTE, 0);
        listener.join(nl.RTNLGRP_LINK);
        listener.listen(() => {});
        for (let s = 0; s < 4; s++) {
          const one = native.openNetlink(netns, nl.NETLINK_ROUTE, 0);
          for (let i = 0; i < 50; i++) one.exchange(i % 10 ? nl.getLink('lo') : nl.createLink('br' + s + i));
        }
        setImmediate(() => process.exit(7));`);
      assert.deepEqual([status, signal], [7, null], stderr);
    }
  });

  test('outstanding promises keep the process alive, settled ones do not', () => {
    const { status, stdout, stderr } = child(`
      socket.exchange(nl.createLink('br0')).then(() => socket.exchange(nl.removeLink('br0'))).then(() => console.log('done'));`);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'done\n');
  });

  test('a socket that nobody holds is closed by garbage collection', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--expose-gc',
        '--input-type=module',
        '-e',
        `import native from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};
         import { readdirSync } from 'node:fs';
         import { setImmediate } from 'node:timers/promises';
         const count = () => readdirSync('/proc/self/fd').length;
         native.requestThreads();
         const before = count();
         (() => { for (let i = 0; i < 100; i++) native.openNetlink(null, 0, 0); })();
         for (let i = 0; i < 20 && count() !== before; i++) { globalThis.gc(); await setImmediate(); }
         process.exit(count() === before ? 0 : 1);`,
      ],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
  });
});
