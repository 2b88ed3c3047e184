import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { launchQemu, type QemuOptions } from '../src/index.js';
import { alive, echoGuest, failure, floodGuest, folder } from './guests.js';

const SMALL = { accel: 'tcg', memory: '16M', shutdown: { powerdown: 0 } } satisfies QemuOptions;

describe('the console', () => {
  test('shows what the guest writes, and the guest hears what is typed', async () => {
    await using vm = await launchQemu({ ...SMALL, extraArgs: echoGuest('netloom login: ') });
    await vm.ready('console', { pattern: 'login:', timeout: 20 });
    expect(vm.console.text).toContain('netloom login:');
    await vm.console.waitFor(': ');
    const from = vm.console.position;
    await vm.console.write('ping 42\r\n');
    expect(await vm.console.waitFor(/ping (\d+)\r/g, { from, timeout: 20 })).toEqual(['ping 42\r', '42']);
    // What was seen already counts, unless `from` says otherwise.
    expect(await vm.console.waitFor('login', { timeout: 0 })).toEqual(['login']);
    expect(await failure(vm.console.waitFor('login', { from, timeout: 0.05 }))).toMatchObject({
      code: 'ERR_NETLOOM_TIMEOUT',
      kernelMessage: 'netloom login: ping 42',
    });
  });

  test('is lines to whoever iterates, until the end', async () => {
    const vm = await launchQemu({ ...SMALL, extraArgs: echoGuest('one\r\ntwo\nend') });
    const lines: string[] = [];
    const reading = (async () => {
      for await (const line of vm.console) lines.push(line);
    })();
    await vm.ready('console', { pattern: 'end' });
    await vm.remove();
    await reading;
    expect(lines).toEqual(['one', 'two', 'end']);
  });

  test('that stays silent makes ready() say so, and the VM runs on', async () => {
    await using vm = await launchQemu({
      ...SMALL,
      name: 'mute',
      extraArgs: echoGuest('first\r\nlast words'),
    });
    await vm.ready('console');
    await vm.console.waitFor('words', { timeout: 20 });
    const error = await failure(vm.ready('console', { pattern: /login:/, timeout: 0.1 }));
    expect(error).toMatchObject({
      code: 'ERR_NETLOOM_TIMEOUT',
      summary: "cannot wait for stage 'console' of VM 'mute': /login:/ did not come in 0.1 s",
      kernelMessage: 'first\nlast words',
      hint: expect.stringContaining('still running'),
    });
    expect(alive(vm.pid)).toBe(true);
    await vm.ready('qmp');
  });

  test('is copied to a file that only its owner reads', async () => {
    const path = join(folder, 'console.log');
    const vm = await launchQemu({ ...SMALL, console: path, extraArgs: echoGuest('hello') });
    await vm.ready('console', { pattern: 'hello' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await vm.remove();
    expect(readFileSync(path, 'utf8')).toBe('hello');
  });

  test('is not copied through a symbolic link', async () => {
    const [victim, link] = [join(folder, 'victim'), join(folder, 'link')];
    writeFileSync(victim, 'precious');
    symlinkSync(victim, link);
    expect(await failure(launchQemu({ ...SMALL, console: link }))).toMatchObject({ field: 'console' });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });

  test('of a guest that floods keeps 64 Ki characters, and waits for a slow copy', async () => {
    const reader = { taken: 0, release: (): void => {} };
    const slow = new Writable({
      write(chunk: Buffer, _encoding, done) {
        reader.taken += chunk.length;
        if (reader.taken > 300_000) reader.release = done;
        else done();
      },
    });
    await using vm = await launchQemu({ ...SMALL, console: slow, extraArgs: floodGuest() });
    while (reader.taken <= 300_000) await sleep(20);
    await sleep(300);
    const stalled = vm.console.position;
    expect(vm.console.text).toBe('A'.repeat(64 * 1024));
    await sleep(300);
    expect(vm.console.position).toBe(stalled);
    reader.taken = 0;
    reader.release();
    while (vm.console.position === stalled) await sleep(20);
    for await (const piece of vm.console) {
      expect(piece.length).toBeGreaterThanOrEqual(64 * 1024);
      break;
    }
    expect(slow.writableEnded).toBe(false);
  });

  test('goes on when its copy fails', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) });
    await using vm = await launchQemu({ ...SMALL, console: broken, extraArgs: echoGuest('still here') });
    await vm.ready('console', { pattern: 'still here', timeout: 20 });
  });

  test('that is closed does not end QEMU', async () => {
    await using vm = await launchQemu({ ...SMALL, extraArgs: echoGuest('x') });
    await vm.ready('console', { pattern: 'x' });
    vm.console.close();
    await sleep(200);
    expect(await vm.qmp.execute('query-status')).toMatchObject({ running: true });
    const port = (await vm.qmp.execute('query-chardev')).find(({ label }) => label === 'console0');
    expect(port?.filename).toContain('disconnected');
  });
});
