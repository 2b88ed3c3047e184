import { leftovers, type Netns, NetloomError, sweep } from '@netloom/core';
import type { ListrTask } from 'listr2';
import { embeddedGuest, type GuestImage } from '../guest/index.js';
import { short } from '../ui/tasks.js';
import type { DemoLab, DemoVm } from './lab.js';
import { ping, type PingResult, TARGETS } from './pings.js';
import type { DemoOptions } from './run.js';

/** What the steps hand on to one another. */
export interface DemoContext {
  image: GuestImage;
}

/** The demo, step by step. */
export function steps(
  lab: DemoLab,
  host: Netns,
  options: DemoOptions,
  results: PingResult[],
  signal: AbortSignal,
): ListrTask<DemoContext>[] {
  return [
    {
      title: 'leftovers of earlier runs',
      task: async (_, task) => {
        const swept = await sweep();
        const alive = (await leftovers()).filter(({ state }) => state !== 'dead').length;
        const others = alive === 0 ? '' : `, ${alive} of others (netloom prune --dry-run lists them)`;
        task.title = `leftovers of earlier runs: ${swept.length === 0 ? 'none' : `${swept.length} removed`}${others}`;
      },
    },
    {
      // Before the guest is fetched: who lacks the right should not wait for that.
      title: 'bridge and two TAPs',
      task: async (_, task) => {
        signal.throwIfAborted();
        const bridge = await lab.createNetwork();
        for (const vm of lab.vms) {
          signal.throwIfAborted();
          await lab.createPort(vm);
        }
        const taps = lab.vms.map(({ tap }) => tap?.ifname).join(' and ');
        task.title = `bridge ${bridge.ifname} with ${taps}, ${lab.ip4?.prefix} and ${lab.ip6?.prefix}`;
        await checkAddresses(lab, host);
      },
    },
    {
      title: 'guest kernel and busybox',
      task: async (context, task) => {
        context.image = await guestImage(options, signal, (text) => (task.output = text));
        task.title = `guest: Linux ${context.image.version}`;
      },
    },
    {
      title: 'two VMs boot',
      task: (context, task) =>
        task.newListr(
          lab.vms.map((vm) =>
            short<DemoContext>({
              title: vm.name,
              task: (_, sub) => boot(lab, vm, context.image, options, signal, sub),
            }),
          ),
          { concurrent: true, exitOnError: true, rendererOptions: { collapseSubtasks: false } },
        ),
    },
    {
      title: 'pings',
      task: async (_, task) => {
        for (const vm of lab.vms) {
          for (const target of TARGETS) {
            if (vm.vm === undefined) continue;
            task.output = `${vm.name} pings ${target}`;
            results.push(await ping(vm.name, vm.vm, target, options.count, signal));
          }
        }
        const sent = results.reduce((sum, result) => sum + result.sent, 0);
        const received = results.reduce((sum, result) => sum + result.received, 0);
        task.title = `pings: ${received} of ${sent} answered`;
      },
    },
  ];
}

async function guestImage(
  { kernel, initrd }: DemoOptions,
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<GuestImage> {
  if (kernel !== undefined && initrd !== undefined) return { kernel, initrd, version: '(your own)' };
  return embeddedGuest({ signal, onProgress: ({ message }) => progress(message) });
}

/** An address that duplicate address detection holds back would lose the first frames without a word. */
async function checkAddresses(lab: DemoLab, host: Netns): Promise<void> {
  const link = lab.bridge?.ifindex;
  if (link === undefined) return;
  const held = (await host.addresses.list({ link })).filter(
    ({ tentative, dadfailed }) => tentative || dadfailed,
  );
  const [first] = held;
  if (first === undefined) return;
  throw new NetloomError(
    'ERR_NETLOOM_DAD',
    `cannot use ${first.address} on the bridge: duplicate address detection holds it back`,
    {
      field: 'addresses',
    },
  );
}

async function boot(
  lab: DemoLab,
  vm: DemoVm,
  image: GuestImage,
  options: DemoOptions,
  signal: AbortSignal,
  task: { title: string; output: string },
): Promise<void> {
  signal.throwIfAborted();
  task.output = 'process';
  const running = await lab.launch(vm, image, { memory: options.memory, signal });
  task.output = `process · qmp · waiting for its console (${running.accel.toUpperCase()})`;
  await running.ready('console', { pattern: 'netloom: ready', timeout: options.timeout, signal });
  task.title = `${vm.name}: process · qmp · console (QEMU ${running.version}, ${running.accel.toUpperCase()})`;
}
