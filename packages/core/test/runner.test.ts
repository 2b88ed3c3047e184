import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { MalformedMessage } from '../src/netlink/compile.js';
import { LINK_MESSAGE, RTM_GETLINK } from '../src/netlink/index.js';
import { ask, type Operation, PAUSE } from '../src/operation.js';
import { Runner } from '../src/runner.js';
import { FakeKernel, linkReply, look, nameOf } from './fake-kernel.js';
import { errorReply } from './replies.js';

const echo = () => new FakeKernel((request) => linkReply(request.seq, nameOf(request)));
const overrun = () =>
  Object.assign(new Error('no room'), { code: 'ENOBUFS', errno: 105, syscall: 'recvmsg' });

function* twice(first: string, second: string): Operation<string[]> {
  const one = yield* look(first);
  const two = yield* look(second);
  return [...one.names, ...two.names];
}

/** Adds two requests, then cannot add the third. */
function* breaks(): Operation<void> {
  yield* ask((batch) => {
    batch.add(RTM_GETLINK, 0, LINK_MESSAGE, {}, { ifname: 'half-1' });
    batch.add(RTM_GETLINK, 0, LINK_MESSAGE, {}, { ifname: 'half-2' });
    throw new TypeError('cannot be encoded');
  });
}

describe('steps of one tick', () => {
  test('go out in one exchange, in the order of the calls', async () => {
    const kernel = echo();
    const runner = new Runner(kernel.open);
    const found = await Promise.all(['a', 'b', 'c'].map((name) => runner.run(look(name))));
    expect(kernel.exchanges).toEqual([['a', 'b', 'c']]);
    expect(found.map(({ names }) => names)).toEqual([['a'], ['b'], ['c']]);
  });

  test('of several rounds go out round by round', async () => {
    const kernel = echo();
    const runner = new Runner(kernel.open);
    const found = await Promise.all([runner.run(twice('a1', 'a2')), runner.run(twice('b1', 'b2'))]);
    expect(kernel.exchanges).toEqual([
      ['a1', 'b1'],
      ['a2', 'b2'],
    ]);
    expect(found).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
    ]);
  });

  test('use one socket, which is opened by the first', async () => {
    const kernel = echo();
    const runner = new Runner(kernel.open);
    expect(kernel.opened).toBe(0);
    await Promise.all([runner.run(look('a')), runner.run(look('b'))]);
    await runner.run(look('c'));
    expect(kernel.opened).toBe(1);
  });

  test('an operation that asks nothing needs no socket', async () => {
    const kernel = echo();
    // oxlint-disable-next-line require-yield -- that is the case
    function* nothing(): Operation<number> {
      return 7;
    }
    expect(await new Runner(kernel.open).run(nothing())).toBe(7);
    expect(kernel.opened).toBe(0);
  });

  test('a step with several requests gets its own outcomes, in order', async () => {
    const kernel = echo();
    function* pair(): Operation<string[]> {
      const outcomes = yield* ask((batch) => {
        for (const ifname of ['x', 'y']) batch.add(RTM_GETLINK, 0, LINK_MESSAGE, {}, { ifname });
      });
      return outcomes.flatMap(({ messages }) => messages.map(nameOf));
    }
    const runner = new Runner(kernel.open);
    const found = await Promise.all([runner.run(look('a')), runner.run(pair()), runner.run(look('b'))]);
    expect(found[1]).toEqual(['x', 'y']);
    expect(found[2].names).toEqual(['b']);
  });
});

describe('a request that the kernel refuses', () => {
  test('does not stop the others', async () => {
    const kernel = new FakeKernel((request) =>
      nameOf(request) === 'b' ? errorReply(request.seq, 19) : linkReply(request.seq, nameOf(request)),
    );
    const runner = new Runner(kernel.open);
    const found = await Promise.all(['a', 'b', 'c'].map((name) => runner.run(look(name))));
    expect(found.map(({ errno }) => errno)).toEqual([0, 19, 0]);
  });
});

describe('a step that cannot be encoded', () => {
  test('fails alone, and what it had added is taken back', async () => {
    const kernel = echo();
    const runner = new Runner(kernel.open);
    const [a, broken, b] = await Promise.allSettled([
      runner.run(look('a')),
      runner.run(breaks()),
      runner.run(look('b')),
    ]);
    expect(kernel.exchanges).toEqual([['a', 'b']]);
    expect(a).toMatchObject({ status: 'fulfilled', value: { names: ['a'] } });
    expect(b).toMatchObject({ status: 'fulfilled', value: { names: ['b'] } });
    expect(broken).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) as TypeError });
  });

  test('alone in its tick sends nothing', async () => {
    const kernel = echo();
    await expect(new Runner(kernel.open).run(breaks())).rejects.toThrow(TypeError);
    expect(kernel.exchanges).toEqual([]);
  });

  test('may be handled, and the operation goes on', async () => {
    const kernel = echo();
    function* careful(): Operation<string[]> {
      try {
        yield* breaks();
      } catch {
        return (yield* look('instead')).names;
      }
      return [];
    }
    expect(await new Runner(kernel.open).run(careful())).toEqual(['instead']);
    expect(kernel.exchanges).toEqual([['instead']]);
  });
});

test('a step that adds no request goes on without an outcome', async () => {
  const kernel = echo();
  function* empty(): Operation<number> {
    return (yield* ask(() => undefined)).length;
  }
  const runner = new Runner(kernel.open);
  const [beside] = await Promise.all([runner.run(empty()), runner.run(look('a'))]);
  expect(beside).toBe(0);
  // Alone in its tick; what is asked two ticks later must not be answered first.
  const alone = runner.run(empty());
  const later = setImmediate()
    .then(() => runner.run(look('b')))
    .then(() => 'never settled');
  expect(await Promise.race([alone, later])).toBe(0);
  expect(runner.runSync(empty())).toBe(0);
});

describe('a transport error', () => {
  const failing = () =>
    new FakeKernel((request, exchange) => {
      if (exchange === 1) throw overrun();
      return linkReply(request.seq, nameOf(request));
    });

  function* undoing(name: string): Operation<void> {
    yield* look(`make-${name}`);
    try {
      yield* look(`use-${name}`);
    } finally {
      yield* look(`undo-${name}`);
    }
  }

  test('reaches everybody who waits, and lets each undo', async () => {
    const kernel = failing();
    const runner = new Runner(kernel.open);
    const settled = await Promise.allSettled([runner.run(undoing('a')), runner.run(undoing('b'))]);
    for (const one of settled) {
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ENOBUFS' } });
    }
    expect(kernel.exchanges).toEqual([
      ['make-a', 'make-b'],
      ['use-a', 'use-b'],
      ['undo-a', 'undo-b'],
    ]);
  });

  test('does not reach those who ask later', async () => {
    const kernel = failing();
    const runner = new Runner(kernel.open);
    await runner.run(look('a'));
    await expect(runner.run(look('b'))).rejects.toMatchObject({ code: 'ENOBUFS' });
    expect((await runner.run(look('c'))).names).toEqual(['c']);
  });

  test('a reply that is malformed is one', async () => {
    const kernel = new FakeKernel(() => Uint8Array.from({ length: 16 }, () => 0xff));
    await expect(new Runner(kernel.open).run(look('a'))).rejects.toThrow(MalformedMessage);
  });

  test('a socket that cannot be opened is one, and is tried again', async () => {
    const kernel = echo();
    let tries = 0;
    const runner = new Runner(() => {
      tries += 1;
      if (tries === 1) throw overrun();
      return kernel.open();
    });
    const settled = await Promise.allSettled([runner.run(look('a')), runner.run(look('b'))]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await runner.run(look('c'))).names).toEqual(['c']);
  });
});

test('sequence numbers rise from exchange to exchange, and are not shared by sockets', async () => {
  const seen: number[] = [];
  const kernel = new FakeKernel((request) => {
    seen.push(request.seq);
    return new Uint8Array();
  });
  const runner = new Runner(kernel.open);
  await Promise.all([runner.run(look('a')), runner.run(look('b'))]);
  await runner.run(look('c'));
  runner.runSync(look('d'));
  expect(seen).toEqual([1, 2, 3, 1]);
});

describe('the synchronous face', () => {
  test('is ahead of what was promised and not sent, on a socket of its own', async () => {
    const kernel = echo();
    const runner = new Runner(kernel.open);
    const promised = runner.run(look('promised'));
    expect(runner.runSync(twice('one', 'two'))).toEqual(['one', 'two']);
    await promised;
    expect(kernel.exchanges).toEqual([['one'], ['two'], ['promised']]);
    expect(kernel.opened).toBe(2);
  });

  test('throws what failed, after the operation undid', () => {
    const kernel = new FakeKernel((request) => {
      if (nameOf(request) === 'use') throw overrun();
      return new Uint8Array();
    });
    function* undoing(): Operation<void> {
      try {
        yield* look('use');
      } finally {
        yield* look('undo');
      }
    }
    expect(() => new Runner(kernel.open).runSync(undoing())).toThrow('no room');
    expect(kernel.exchanges).toEqual([['use'], ['undo']]);
  });

  test('a step that cannot be encoded fails without sending', () => {
    const kernel = echo();
    expect(() => new Runner(kernel.open).runSync(breaks())).toThrow(TypeError);
    expect(kernel.exchanges).toEqual([]);
  });

  test('does not pause', () => {
    function* pausing(): Operation<number> {
      yield PAUSE;
      yield PAUSE;
      return 3;
    }
    expect(new Runner(echo().open).runSync(pausing())).toBe(3);
  });
});

describe('closing', () => {
  test('closes both sockets', async () => {
    const kernel = echo();
    const runner = new Runner(kernel.open);
    await runner.run(look('a'));
    runner.runSync(look('b'));
    runner.close();
    expect(kernel.closed).toBe(2);
    runner.close();
    expect(kernel.closed).toBe(2);
  });

  test('before anything was asked is nothing', () => {
    const kernel = echo();
    new Runner(kernel.open).close();
    expect([kernel.opened, kernel.closed]).toEqual([0, 0]);
  });

  test('leaves no socket open, also when requests were on their way', async () => {
    const kernel = echo();
    const runner = new Runner(kernel.open);
    const settled = Promise.allSettled([
      runner.run(look('sent')).then(() => runner.close()),
      runner.run(twice('first', 'second')),
    ]);
    await settled;
    runner.close();
    const late = runner.run(look('late'));
    runner.close();
    await Promise.allSettled([late]);
    expect(kernel.closed).toBe(kernel.opened);
  });
});

test('a batch of a thousand requests is one exchange', async () => {
  const kernel = echo();
  const runner = new Runner(kernel.open);
  const found = await Promise.all(Array.from({ length: 1000 }, (_, i) => runner.run(look(`if${i}`))));
  expect(kernel.exchanges).toHaveLength(1);
  expect(found.map(({ names }) => names[0])).toEqual(Array.from({ length: 1000 }, (_, i) => `if${i}`));
});
