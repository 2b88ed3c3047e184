import type { QemuVm } from '@netloom/qemu';
import { describe, expect, test } from 'vitest';
import { ping } from '../src/demo/pings.js';

/** A VM whose guest answers a command with these lines; before it, it wrote `early`. */
function guest(answer: readonly string[], early = ''): { vm: QemuVm; written: string[] } {
  const written: string[] = [];
  const console = {
    text: early,
    position: early.length,
    write(text: string) {
      written.push(text);
      console.text += answer.map((line) => `${line}\r\n`).join('');
      return Promise.resolve();
    },
    waitFor(pattern: RegExp, { from = 0 }: { from?: number }) {
      const found = pattern.exec(console.text.slice(from));
      return found === null ? Promise.reject(new Error('it did not come')) : Promise.resolve([...found]);
    },
  };
  return { vm: { console } as unknown as QemuVm, written };
}

const never = new AbortController().signal;

describe('a ping by the console', () => {
  test('is read from what the guest printed', async () => {
    const { vm, written } = guest([
      '64 bytes from 10.0.0.3: seq=0 ttl=64 time=9.8 ms',
      '64 bytes from 10.0.0.30: seq=0 ttl=64 time=9.8 ms',
      'netloom: ping target=peer4 address=10.0.0.3 sent=3 received=1 min=9.8 avg=9.8 max=9.8 ms',
    ]);
    expect(await ping('alice', vm, 'peer4', 3, never)).toEqual({
      from: 'alice',
      target: 'peer4',
      address: '10.0.0.3',
      sent: 3,
      received: 1,
      times: { min: 9.8, avg: 9.8, max: 9.8 },
      replies: ['64 bytes from 10.0.0.3: seq=0 ttl=64 time=9.8 ms'],
    });
    expect(written).toEqual(['ping peer4 3 0.2\n']);
  });

  test('without any reply has no times', async () => {
    const { vm } = guest(['netloom: ping target=host6 address=fd00::1 sent=3 received=0']);
    const result = await ping('bob', vm, 'host6', 3, never);
    expect(result).toMatchObject({ sent: 3, received: 0, replies: [] });
    expect(result).not.toHaveProperty('times');
  });

  test('does not take an older answer for its own', async () => {
    const older = 'netloom: ping target=peer4 address=10.0.0.9 sent=1 received=1 min=1 avg=1 max=1 ms\r\n';
    const { vm } = guest(['netloom: ping target=peer4 address=10.0.0.3 sent=2 received=0'], older);
    expect(await ping('alice', vm, 'peer4', 2, never)).toMatchObject({ address: '10.0.0.3', sent: 2 });
  });

  test('that the guest refuses has the guest’s words', async () => {
    const { vm } = guest(['netloom: error ping: no address for peer4']);
    await expect(ping('alice', vm, 'peer4', 3, never)).rejects.toMatchObject({
      code: 'ERR_NETLOOM_GUEST',
      summary: 'cannot ping peer4 from alice: the guest said no',
      kernelMessage: 'netloom: error ping: no address for peer4',
    });
  });
});
