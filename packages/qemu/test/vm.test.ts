import { readFileSync } from 'node:fs';
import { NetloomError } from '@netloom/core';
import { describe, expect, test } from 'vitest';
import { launchQemu, type QemuOptions } from '../src/index.js';
import { alive, argv, children, FAKE_MONITOR, failure, folder, openFds, script } from './guests.js';

/** No guest at all: the CPUs are never started. */
const PAUSED = { accel: 'tcg', memory: '16M', extraArgs: ['-S'] } satisfies QemuOptions;
/** The firmware runs and finds nothing to boot. */
const FIRMWARE = { accel: 'tcg', memory: '16M' } satisfies QemuOptions;

describe('a VM', () => {
  test('answers on QMP as soon as it is launched', async () => {
    await using vm = await launchQemu({ ...PAUSED, name: 'web', smp: 2, owner: 'netloom-00ff-1' });
    expect(vm).toMatchObject({ name: 'web', accel: 'tcg' });
    expect(vm.version).toMatch(/^\d+\.\d+\.\d+$/);
    await vm.ready('process');
    await vm.ready('qmp');
    expect(await vm.qmp.execute('query-status')).toMatchObject({ running: false, status: 'prelaunch' });
    expect(await vm.qmp.execute('query-name')).toEqual({ name: 'web' });
    expect(await vm.qmp.execute('query-cpus-fast')).toHaveLength(2);
    const chardevs = await vm.qmp.execute('query-chardev');
    expect(chardevs.map(({ label }) => label).sort()).toEqual(['console0', 'netloom-00ff-1', 'qmp']);
  });

  test('carries its owner in argv, has a session of its own, no environment and / as its folder', async () => {
    await using vm = await launchQemu({ ...PAUSED, owner: 'netloom-00ff-2' });
    expect(argv(vm.pid)).toContain('null,id=netloom-00ff-2');
    const stat = readFileSync(`/proc/${vm.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    expect(stat[3]).toBe(String(vm.pid));
    const names = readFileSync(`/proc/${vm.pid}/environ`, 'utf8')
      .split('\0')
      .map((entry) => entry.split('=')[0]);
    expect(names.filter((name) => name !== '')).toEqual(['PATH', 'LC_ALL']);
  });

  test('ends by quit, and quitting says how', async () => {
    const vm = await launchQemu(PAUSED);
    expect(await vm.quit()).toEqual({ code: 0, signal: null, stderr: '' });
    expect(alive(vm.pid)).toBe(false);
    await vm.remove();
    expect(await failure(vm.qmp.execute('query-status'))).toMatchObject({ code: 'ERR_NETLOOM_QEMU_EXITED' });
    expect(await failure(vm.ready('qmp'))).toMatchObject({ code: 'ERR_NETLOOM_QEMU_EXITED' });
  });

  test('that is killed rejects all that waits, with the command', async () => {
    const vm = await launchQemu(PAUSED);
    const waiting = [
      failure(vm.ready('console')),
      failure(vm.console.waitFor('never')),
      failure(vm.qmp.event('NEVER')),
      failure(
        vm.qmp
          .execute('query-status')
          .then(() => vm.qmp.execute('human-monitor-command', { 'command-line': 'stop' }))
          .then(() => vm.qmp.event('NEVER')),
      ),
    ];
    process.kill(vm.pid, 'SIGKILL');
    for (const error of await Promise.all(waiting)) {
      expect(error).toBeInstanceOf(NetloomError);
      expect(error).toMatchObject({ code: 'ERR_NETLOOM_QEMU_EXITED', command: vm.command });
      expect((error as Error).message).toContain('SIGKILL');
    }
    expect(await vm.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
    await vm.remove();
  });

  test('that does not hear the power button is quit', async () => {
    const vm = await launchQemu({ ...FIRMWARE, shutdown: { powerdown: 0.3 } });
    const events: string[] = [];
    const reading = (async () => {
      for await (const { event } of vm.qmp.events()) events.push(event);
    })().catch(() => {});
    const start = Date.now();
    await vm.remove();
    await reading;
    expect(Date.now() - start).toBeGreaterThanOrEqual(290);
    expect(events).toEqual(['POWERDOWN', 'SHUTDOWN']);
    expect(await vm.exited).toMatchObject({ code: 0, signal: null });
  });

  test('whose guest does not run is not asked to power down', async () => {
    const vm = await launchQemu({ ...PAUSED, shutdown: { powerdown: 30 } });
    const start = Date.now();
    await vm.remove();
    expect(Date.now() - start).toBeLessThan(5000);
  });

  test.each([
    ['SIGTERM', { powerdown: 0, quit: 0 }, { code: 0, signal: null }],
    ['SIGKILL', { powerdown: 0, quit: 0, term: 0 }, { code: null, signal: 'SIGKILL' }],
  ])('ends by %s when the stages before it are skipped', async (_signal, shutdown, exit) => {
    const vm = await launchQemu({ ...PAUSED, shutdown });
    await vm.remove();
    expect(await vm.exited).toMatchObject(exit);
  });

  test('that is deaf to QMP and SIGTERM is killed', async () => {
    const binary = script(`trap '' TERM\n${FAKE_MONITOR}\nwhile :; do sleep 0.1; done`);
    const shutdown = { powerdown: 0.1, quit: 0.1, term: 0.1 };
    const vm = await launchQemu({ binary, accel: 'tcg', shutdown });
    expect(vm.version).toBe('1.2.3');
    await vm.remove();
    expect(await vm.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  test('is removed once, however often and whenever it is asked', async () => {
    const vm = await launchQemu(PAUSED);
    const first = vm.remove();
    expect(vm.remove()).toBe(first);
    await Promise.all([first, vm.kill(), vm[Symbol.asyncDispose]()]);
    await vm.remove();
    expect(children()).toEqual([]);
  });

  test('that was let go runs on', async () => {
    const vm = await launchQemu(PAUSED);
    vm.close();
    await vm[Symbol.asyncDispose]();
    expect(await failure(vm.qmp.execute('query-status'))).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' });
    expect(await failure(vm.console.waitFor('x'))).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(alive(vm.pid)).toBe(true);
    await vm.remove(); // by signal: there is no QMP any more
    expect(alive(vm.pid)).toBe(false);
  });

  test('leaves no descriptor and no child, twenty times over', async () => {
    await (await launchQemu(PAUSED)).remove();
    const before = openFds();
    for (let i = 0; i < 20; i++) await (await launchQemu(PAUSED)).remove();
    expect(openFds()).toBe(before);
    expect(children()).toEqual([]);
  });
});

describe('a launch', () => {
  test('without QEMU says how to get it', async () => {
    for (const binary of ['qemu-system-nonesuch', '/nonexistent/qemu']) {
      const error = await failure(launchQemu({ binary }));
      expect(error).toMatchObject({
        code: 'ERR_NETLOOM_QEMU_NOT_FOUND',
        field: 'binary',
        hint: expect.stringContaining('apt-get install qemu-system-x86'),
      });
    }
  });

  test("that QEMU refuses has QEMU's words and the command", async () => {
    const error = await failure(launchQemu({ machine: 'nonesuch', accel: 'tcg' }));
    expect(error).toMatchObject({
      code: 'ERR_NETLOOM_QEMU_EXITED',
      summary: "cannot launch VM 'vm': QEMU exited with status 1",
      kernelMessage: expect.stringContaining('unsupported machine type'),
      command: expect.stringMatching(/^\/.*qemu-system-x86_64 -name guest=vm.* -machine nonesuch,/),
    });
    expect(children()).toEqual([]);
  });

  test('keeps the last twenty lines of many', async () => {
    const binary = script('i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo "line $i" >&2; done; exit 3');
    const error = (await failure(launchQemu({ binary, accel: 'tcg' }))) as NetloomError;
    const lines = error.kernelMessage?.split('\n') ?? [];
    expect([lines.length, lines.at(0), lines.at(-1)]).toEqual([20, 'line 4981', 'line 5000']);
    expect(error.summary).toContain('status 3');
  });

  test('of a folder is a program not found', async () => {
    const error = await failure(launchQemu({ binary: folder, accel: 'tcg' }));
    expect(error).toMatchObject({ code: 'ERR_NETLOOM_QEMU_NOT_FOUND' });
  });

  test('that is aborted before it starts starts nothing', async () => {
    const reason = new Error('changed my mind');
    expect(await failure(launchQemu({ ...PAUSED, signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(children()).toEqual([]);
  });

  test.each([0, 2, 5, 10, 20])('that is aborted after %d ms leaves no process', async (milliseconds) => {
    const fds = openFds();
    const abort = new AbortController();
    const launching = launchQemu({ ...PAUSED, signal: abort.signal });
    setTimeout(() => abort.abort(), milliseconds);
    const outcome = await launching.then(
      (vm) => vm.remove(),
      (error: unknown) => error,
    );
    if (outcome !== undefined) expect(outcome).toMatchObject({ name: 'AbortError' });
    expect(children()).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(openFds()).toBe(fds);
  });

  test('of a program that never answers can be aborted', async () => {
    const binary = script("trap '' TERM; while :; do sleep 0.1; done");
    const error = await failure(launchQemu({ binary, accel: 'tcg', signal: AbortSignal.timeout(100) }));
    expect(error).toMatchObject({ name: 'TimeoutError' });
    expect(children()).toEqual([]);
  });

  test('chooses an accelerator under which a guest runs', async () => {
    await using vm = await launchQemu({ memory: '16M' });
    expect(['kvm', 'tcg']).toContain(vm.accel);
    expect(await vm.qmp.execute('query-kvm')).toMatchObject({ enabled: vm.accel === 'kvm' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await vm.ready('qmp');
  });
});
