import { existsSync } from 'node:fs';
import { launchQemu, type QemuOptions, type QemuVm } from '@netloom/qemu';
import { createTap, type Tap } from '@netloom/vnic';
import { beforeAll, describe, expect, test } from 'vitest';
import { embeddedGuest, guestCommandLine, probeInitrd } from './guest.js';
import { expectUntouched, TestHost } from './host.js';

beforeAll(async () => void (await embeddedGuest()), 300_000);

const MAC = '52:54:00:00:00:07';
const BOOT = { pattern: /netloom: ready .*\r*\n/, timeout: 180 };
const alive = ({ pid }: QemuVm) => existsSync(`/proc/${pid}`);

/** A TAP of the host's with 10.9.0.1 and fd00:9::1. */
async function addressedTap(host: TestHost): Promise<Tap> {
  const tap = await createTap(host.netns, { ifname: 'tap0', up: true, addresses: ['10.9.0.1/24'] });
  await host.netns.addresses.add({ link: tap, address: 'fd00:9::1/64', nodad: true });
  return tap;
}

/** The embedded guest at 10.9.0.2 and fd00:9::2. */
async function boot(tap: Tap, options: QemuOptions = {}): Promise<QemuVm> {
  const { kernel, initrd } = await embeddedGuest();
  const append = guestCommandLine({ mac: MAC, ip4: '10.9.0.2/24', ip6: 'fd00:9::2/64', host4: '10.9.0.1' });
  const nics = [{ backend: tap, mac: MAC }];
  return launchQemu({ name: 'guest', kernel, initrd, append, nics, noReboot: true, ...options });
}

describe('a real guest', () => {
  test('comes stage by stage, is reached through its TAP, and hears the power button', async () => {
    await using host = await TestHost.create();
    await using tap = await addressedTap(host);
    await using vm = await boot(tap);
    await vm.ready('process');
    await vm.ready('qmp');
    expect(await vm.qmp.execute('query-status')).toMatchObject({ running: true });
    await vm.ready('console', BOOT);
    expect(vm.console.text).toMatch(new RegExp(`netloom: ready name=guest ifname=eth0 mac=${MAC}`));
    for (const address of ['10.9.0.2', 'fd00:9::2']) {
      expect(host.run('ping', '-c', '2', '-i', '0.2', '-W', '10', address)).toMatch(/2 received/);
    }
    expect((await tap.get()).stats.rxPackets).toBeGreaterThanOrEqual(4n);

    const shutdown = vm.qmp.event('SHUTDOWN', undefined, { timeout: 60 });
    await vm.powerdown();
    expect((await shutdown).data).toMatchObject({ guest: true });
    expect(await vm.exited).toMatchObject({ code: 0, signal: null });
    expect(vm.console.text).toMatch(/netloom: poweroff/);
    // The TAP outlives its VM; it only lost its carrier's other end.
    expect(host.json('ip', '-j', 'link', 'show', 'dev', 'tap0')).toHaveLength(1);
    await tap.remove();
    expectUntouched(host);
  });

  test('is asked before it is ended, if it is given the time', async () => {
    await using host = await TestHost.create();
    await using tap = await addressedTap(host);
    await using vm = await boot(tap, { shutdown: { powerdown: 60, quit: 0, term: 0 } });
    await vm.ready('console', BOOT);
    await vm.remove();
    expect(await vm.exited).toMatchObject({ code: 0, signal: null });
    expect(vm.console.text).toMatch(/netloom: poweroff/);
    await tap.remove();
    expectUntouched(host);
  });

  test('that is deaf to the power button is quit, and one that may not be quit is terminated', async () => {
    await using host = await TestHost.create();
    const { kernel } = await embeddedGuest();
    const initrd = await probeInitrd(host.folder, 'echo deaf; while true; do busybox sleep 1000; done');
    const deaf = { kernel, initrd, append: 'console=ttyS0 quiet rdinit=/probe' };
    const [quit, term] = await Promise.all([
      launchQemu({ ...deaf, name: 'quit', shutdown: { powerdown: 0.5, quit: 30, term: 0 } }),
      launchQemu({ ...deaf, name: 'term', shutdown: { powerdown: 0, quit: 0, term: 30 } }),
    ]);
    await Promise.all([quit, term].map((vm) => vm.ready('console', { pattern: 'deaf', timeout: 180 })));
    await Promise.all([quit.remove(), term.remove()]);
    expect(quit.console.text).not.toMatch(/poweroff/);
    // QEMU takes SIGTERM as an order to end well.
    for (const vm of [quit, term]) {
      expect(await vm.exited).toMatchObject({ code: 0, signal: null });
      expect(alive(vm)).toBe(false);
    }
  });

  test('that never boots is a timeout that tells what it wrote, and leaves the VM to the caller', async () => {
    await using host = await TestHost.create();
    const { kernel } = await embeddedGuest();
    const initrd = await probeInitrd(
      host.folder,
      'echo lost in thought; while true; do busybox sleep 1000; done',
    );
    const tap = await createTap(host.netns, { ifname: 'tap0', up: true });
    const vm = await launchQemu({
      name: 'lost',
      kernel,
      initrd,
      append: 'console=ttyS0 quiet rdinit=/probe',
      nics: [{ backend: tap }],
      shutdown: { powerdown: 0 },
    });
    await vm.ready('console', { pattern: 'lost in thought', timeout: 180 });
    await expect(vm.ready('console', { pattern: 'netloom: ready', timeout: 1 })).rejects.toMatchObject({
      code: 'ERR_NETLOOM_TIMEOUT',
      field: 'console',
      summary: `cannot wait for stage 'console' of VM 'lost': "netloom: ready" did not come in 1 s`,
      kernelMessage: expect.stringContaining('lost in thought'),
      hint: expect.stringMatching(/still running.*timeout/),
    });
    expect(alive(vm)).toBe(true);
    await vm.remove();
    await tap.remove();
    expect(alive(vm)).toBe(false);
    expectUntouched(host);
  });

  test('that has two processors and a TAP of two queues uses both', async () => {
    await using host = await TestHost.create();
    const { kernel } = await embeddedGuest();
    // Modules need each other: what fails in one round loads in the next.
    const initrd = await probeInitrd(
      host.folder,
      `/bin/busybox mount -t proc proc /proc; mount -t sysfs sysfs /sys
for round in 1 2 3 4; do for module in /modules/*.ko; do insmod $module 2>/dev/null; done; done
echo queues: $(cd /sys/class/net/eth0/queues && echo *)
while true; do sleep 1000; done`,
    );
    await using tap = await createTap(host.netns, { ifname: 'tap0', up: true, queues: 2 });
    expect(tap.fds).toHaveLength(2);
    await using vm = await launchQemu({
      name: 'pair',
      kernel,
      initrd,
      append: 'console=ttyS0 quiet rdinit=/probe',
      smp: 2,
      nics: [{ backend: tap }],
      shutdown: { powerdown: 0 },
    });
    await vm.ready('console', { pattern: /queues: .*\r*\n/, timeout: 180 });
    expect(vm.console.text).toMatch(/queues: rx-0 rx-1 tx-0 tx-1\s/);
    const [link] = host.json('ip', '-d', '-j', 'link', 'show', 'dev', 'tap0');
    expect(link).toMatchObject({ linkinfo: { info_data: { multi_queue: true, numqueues: 2 } } });
  });
});
