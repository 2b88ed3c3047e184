import { describe, expect, test } from 'vitest';
import { dump } from '../src/dump.js';
import { DumpInterruptedError, NetlinkError } from '../src/errors.js';
import { NLM_F_DUMP_INTR, NLM_F_MULTI } from '../src/netlink/constants.js';
import { LINK_MESSAGE, RTM_GETLINK } from '../src/netlink/index.js';
import type { Operation } from '../src/operation.js';
import { Runner } from '../src/runner.js';
import { FakeKernel, linkReply, nameOf } from './fake-kernel.js';
import { doneReply, joined } from './replies.js';

const names = (): Operation<string[]> =>
  dump('list links', 'RTM_GETLINK', {
    add: (batch) => batch.addDump(RTM_GETLINK, LINK_MESSAGE, {}, {}),
    read: (message) => nameOf(message),
  });

/** A list of which the first `interrupted` readings are flagged; each reading has other names. */
function restless(interrupted: number): FakeKernel {
  return new FakeKernel((request, exchange) => {
    const flags = NLM_F_MULTI | (exchange < interrupted ? NLM_F_DUMP_INTR : 0);
    return joined(
      linkReply(request.seq, `a${exchange}`, NLM_F_MULTI),
      linkReply(request.seq, `b${exchange}`, flags),
      doneReply(request.seq),
    );
  });
}

describe('a list that changes while it is read', () => {
  test.each([0, 1, 4])('%i times is read again, and only the last reading counts', async (times) => {
    const kernel = restless(times);
    expect(await new Runner(kernel.open).run(names())).toEqual([`a${times}`, `b${times}`]);
    expect(kernel.exchanges).toHaveLength(times + 1);
  });

  test('five times is an error that holds what the last try read', async () => {
    const kernel = restless(5);
    const error: unknown = await new Runner(kernel.open).run(names()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DumpInterruptedError);
    expect(error).toMatchObject({
      code: 'ERR_NETLOOM_DUMP_INTERRUPTED',
      request: 'RTM_GETLINK',
      partial: ['a4', 'b4'],
    });
    expect(kernel.exchanges).toHaveLength(5);
  });

  test('is read again on the calling thread too', () => {
    const kernel = restless(4);
    expect(new Runner(kernel.open).runSync(names())).toEqual(['a4', 'b4']);
  });

  test('one list’s trouble is not another’s', async () => {
    const kernel = new FakeKernel((request, exchange) => {
      const first = request.seq % 2 === 1 && exchange === 0;
      return joined(linkReply(request.seq, 'x', first ? NLM_F_DUMP_INTR : 0), doneReply(request.seq));
    });
    const runner = new Runner(kernel.open);
    await Promise.all([runner.run(names()), runner.run(names())]);
    expect(kernel.exchanges.map((one) => one.length)).toEqual([2, 1]);
  });
});

test('an empty list is empty', async () => {
  const kernel = new FakeKernel((request) => doneReply(request.seq));
  expect(await new Runner(kernel.open).run(names())).toEqual([]);
});

test('a list that fails half-way is the kernel’s error, not a short list', async () => {
  const kernel = new FakeKernel((request) =>
    joined(linkReply(request.seq, 'a', NLM_F_MULTI), doneReply(request.seq, 2, { msg: 'no such table' })),
  );
  const error: unknown = await new Runner(kernel.open).run(names()).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NetlinkError);
  expect(error).toMatchObject({ code: 'ENOENT', kernelMessage: 'no such table' });
});

describe('a long list', () => {
  const COUNT = 2000;
  const long = () =>
    new FakeKernel((request) =>
      joined(
        ...Array.from({ length: COUNT }, (_, i) => linkReply(request.seq, `if${i}`, NLM_F_MULTI)),
        doneReply(request.seq),
      ),
    );

  test('is decoded in slices between which other events have their turn', async () => {
    let turns = 0;
    let decoding = true;
    const count = () => {
      turns += 1;
      if (decoding) setImmediate(count);
    };
    const seen: number[] = [];
    const reading = new Runner(long().open).run(
      dump('list links', 'RTM_GETLINK', {
        add: (batch) => batch.addDump(RTM_GETLINK, LINK_MESSAGE, {}, {}),
        read: () => seen.push(turns),
      }),
    );
    setImmediate(count);
    await reading;
    decoding = false;
    expect(seen).toHaveLength(COUNT);
    // Not all in one turn, and no turn of more than a slice.
    const perTurn = new Map<number, number>();
    for (const turn of seen) perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
    expect(perTurn.size).toBeGreaterThan(1);
    expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(512);
  });

  test('is complete and in order', async () => {
    const found = await new Runner(long().open).run(names());
    expect(found).toEqual(Array.from({ length: COUNT }, (_, i) => `if${i}`));
  });

  test('leaves out what its reader does not want', async () => {
    const found = await new Runner(long().open).run(
      dump('list links', 'RTM_GETLINK', {
        add: (batch) => batch.addDump(RTM_GETLINK, LINK_MESSAGE, {}, {}),
        read: (message) => (nameOf(message).endsWith('7') ? nameOf(message) : undefined),
      }),
    );
    expect(found).toHaveLength(COUNT / 10);
  });

  test('what its reader throws reaches the caller', async () => {
    const reading = new Runner(long().open).run(
      dump('list links', 'RTM_GETLINK', {
        add: (batch) => batch.addDump(RTM_GETLINK, LINK_MESSAGE, {}, {}),
        read: (message) => {
          if (nameOf(message) === 'if1000') throw new TypeError('cannot be read');
          return 1;
        },
      }),
    );
    await expect(reading).rejects.toThrow('cannot be read');
  });
});
