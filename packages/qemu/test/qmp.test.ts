import { duplexPair } from 'node:stream';
import { NetloomError } from '@netloom/core';
import { describe, expect, test } from 'vitest';
import { QmpClient } from '../src/index.js';
import { failure } from './guests.js';

const GREETING = '{"QMP": {"version": {}, "capabilities": ["oob"]}}\r\n';

/** A client that talks to `answer`, which gets each request and writes what it likes. */
async function connect(
  answer: (request: { execute: string; id: number }, write: (text: string) => void) => void,
) {
  const [ours, theirs] = duplexPair();
  const write = (text: string): void => void theirs.write(text);
  theirs.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split('\n')) {
      const request = JSON.parse(line) as { execute: string; id: number };
      if (request.execute === 'qmp_capabilities') write(`{"return": {}, "id": ${request.id}}\r\n`);
      else answer(request, write);
    }
  });
  write(GREETING);
  return { client: await QmpClient.open(ours), theirs, write };
}

describe('a QMP client', () => {
  test('pairs answers with commands, in whatever order and pieces they come', async () => {
    const held: number[] = [];
    const { client } = await connect(({ id }, write) => {
      if (held.push(id) < 3) return;
      for (const id of held.toReversed()) {
        const text = `{"return": "grün ${id}", "id": ${id}}\r\n`;
        write(text.slice(0, 9));
        write(text.slice(9));
      }
    });
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => client.execute(name)));
    expect(answers).toEqual(['grün 2', 'grün 3', 'grün 4']);
  });

  test('puts together a character that was cut in two', async () => {
    const { client, theirs } = await connect(({ id }) => {
      const bytes = Buffer.from(`{"return": "ü", "id": ${id}}\n`);
      const cut = bytes.indexOf(0xc3) + 1;
      theirs.write(bytes.subarray(0, cut));
      setImmediate(() => theirs.write(bytes.subarray(cut)));
    });
    expect(await client.execute('x')).toBe('ü');
  });

  test("rejects with QEMU's class and words", async () => {
    const { client } = await connect(({ id }, write) => {
      write(`{"error": {"class": "DeviceNotFound", "desc": "Device 'd0' not found"}, "id": ${id}}\n`);
    });
    const error = await failure(client.execute('device_del', { id: 'd0' }));
    expect(error).toBeInstanceOf(NetloomError);
    expect(error).toMatchObject({
      code: 'ERR_NETLOOM_QMP',
      request: 'device_del',
      kernelMessage: "DeviceNotFound: Device 'd0' not found",
    });
  });

  test('gives events to those who wait for them and to those who iterate', async () => {
    const { client, write } = await connect(() => {});
    const all = client.events();
    const wanted = client.event('DEVICE_DELETED', ({ data }) => data['device'] === 'd0');
    write(
      '{"event": "DEVICE_DELETED", "data": {"path": "/x"}, "timestamp": {"seconds": 7, "microseconds": 500000}}\n',
    );
    write('{"event": "DEVICE_DELETED", "data": {"device": "d0"}}\n');
    expect((await wanted).data).toEqual({ device: 'd0' });
    expect((await all.next()).value).toEqual({ event: 'DEVICE_DELETED', data: { path: '/x' }, time: 7.5 });
    expect((await all.next()).value).toMatchObject({ data: { device: 'd0' } });
    client.close();
    expect(await failure(all.next())).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' });
  });

  test('ends an iteration that nobody reads, and nothing else', async () => {
    const { client, write } = await connect(({ id }, write) => write(`{"return": 1, "id": ${id}}\n`));
    const all = client.events();
    write('{"event": "E"}\n'.repeat(5000));
    expect(await client.execute('x')).toBe(1);
    const count = await failure(
      (async () => {
        for await (const _ of all);
      })(),
    );
    expect(count).toMatchObject({
      code: 'ERR_NETLOOM_QMP',
      message: expect.stringContaining('too many events'),
    });
  });

  test.each([
    ['text that is no JSON', 'Segmentation fault\n'],
    ['a list', '[1]\n'],
    ['an answer without an id', '{"return": {}}\n'],
    ['an error without an id', '{"error": {"class": "GenericError", "desc": "JSON parse error"}}\n'],
  ])('ends with a named error on %s', async (_what, text) => {
    const { client, write } = await connect(() => {});
    const waiting = failure(client.execute('query-status'));
    write(text);
    expect(await waiting).toMatchObject({
      code: 'ERR_NETLOOM_QMP',
      message: expect.stringContaining('malformed'),
    });
    expect(client.open).toBe(false);
    expect(await failure(client.execute('quit'))).toMatchObject({ code: 'ERR_NETLOOM_QMP' });
  });

  test('holds no more than 16 MiB of a line', async () => {
    const { client, theirs } = await connect(() => {});
    const waiting = failure(client.execute('x'));
    for (let i = 0; i < 17; i++) theirs.write(Buffer.alloc(1024 * 1024, 0x20));
    expect(await waiting).toMatchObject({ kernelMessage: expect.stringContaining('16777216') });
  });

  test('rejects what waits when the stream ends', async () => {
    const { client, theirs } = await connect(() => {});
    const waiting = [failure(client.execute('x')), failure(client.event('E'))];
    theirs.end();
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ code: 'ERR_NETLOOM_QMP' });
  });

  test('gives up on time or at a signal, and does not mind a late answer', async () => {
    const late: (() => void)[] = [];
    const { client } = await connect(({ id, execute }, write) => {
      const answer = (): void => write(`{"return": "${execute}", "id": ${id}}\n`);
      if (execute === 'slow') late.push(answer);
      else answer();
    });
    expect(await failure(client.execute('slow', {}, { timeout: 0.02 }))).toMatchObject({
      code: 'ERR_NETLOOM_TIMEOUT',
      request: 'slow',
    });
    const reason = new Error('enough');
    const abort = new AbortController();
    const waiting = failure(client.execute('slow', {}, { signal: abort.signal }));
    abort.abort(reason);
    expect(await waiting).toBe(reason);
    for (const answer of late) answer();
    expect(await client.execute('quick')).toBe('quick');
  });

  test('gives up on a monitor that does not greet', async () => {
    const [ours] = duplexPair();
    expect(await failure(QmpClient.open(ours, { timeout: 0.02 }))).toMatchObject({
      code: 'ERR_NETLOOM_TIMEOUT',
    });
    expect(ours.destroyed).toBe(true);
  });
});
