import { ArgumentError, leftovers, type Netns, openNetns, sweep } from '@netloom/core';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import { embeddedGuest, type GuestImage } from '../guest/index.js';
import { short, StepError, taskList } from '../ui/tasks.js';
import { DemoLab, type DemoVm } from './lab.js';
import { ping, type PingResult, TARGETS } from './pings.js';
import { report } from './report.js';

/** What `netloom demo` was told. */
export interface DemoOptions {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly memory: string;
  readonly count: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

interface Context {
  host: Netns;
  image: GuestImage;
}

/** Seconds that a guest has for its boot; under TCG on a busy machine it needs ten. */
const BOOT_SECONDS = 180;

/** Runs the demo and returns the exit code. Interrupted at any moment, it takes down what stands. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const abort = new AbortController();
  const interrupt = () => {
    if (!abort.signal.aborted) process.stderr.write('\ninterrupted: taking everything down\n');
    abort.abort(new Error('interrupted'));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  try {
    checkOptions(options);
    await using host = await openNetns();
    const lab = new DemoLab(host);
    const code = await perform(lab, host, options, abort.signal).catch((error: unknown) =>
      explain(error, abort.signal),
    );
    const left = await takeDown(lab, options);
    if (left > 0) return EXIT.leftBehind;
    return abort.signal.aborted ? EXIT.interrupted : code;
  } catch (error) {
    return explain(error, abort.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

async function perform(
  lab: DemoLab,
  host: Netns,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<number> {
  const started = performance.now();
  const results: PingResult[] = [];
  await taskList(steps(lab, host, options, results, signal), options.quiet || options.json).run();
  await report(lab, results, options, (performance.now() - started) / 1000);
  return results.every(({ sent, received }) => received === sent) ? EXIT.done : EXIT.failed;
}

function explain(failure: unknown, signal: AbortSignal): number {
  if (signal.aborted) return EXIT.interrupted;
  const error = failure instanceof StepError ? failure.cause : failure;
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  return exitCodeOf(error);
}

function checkOptions({ kernel, initrd, count }: DemoOptions): void {
  if ((kernel === undefined) !== (initrd === undefined)) {
    throw new ArgumentError(kernel === undefined ? 'kernel' : 'initrd', '--kernel and --initrd go together');
  }
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw new ArgumentError('count', `${count} is not an integer from 1 to 1000`);
  }
}

type Task = Parameters<typeof taskList<Context>>[0][number];

function steps(
  lab: DemoLab,
  host: Netns,
  options: DemoOptions,
  results: PingResult[],
  signal: AbortSignal,
): Task[] {
  return [
    {
      title: 'leftovers of earlier runs',
      task: async (_, task) => {
        const swept = await sweep();
        const alive = (await leftovers()).filter(({ state }) => state !== 'dead').length;
        const others = alive === 0 ? '' : `, ${alive} belong to others`;
        task.title = `leftovers of earlier runs: ${swept.length === 0 ? 'none' : `${swept.length} removed`}${others}`;
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
      title: 'two VMs boot',
      task: (context, task) =>
        task.newListr(
          lab.vms.map((vm) =>
            short<Context>({
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
  if (kernel !== undefined && initrd !== undefined) return { kernel, initrd, version: 'of your own' };
  return embeddedGuest({ signal, onProgress: ({ message }) => progress(message) });
}

/** An address that duplicate address detection holds back would lose the first frames without a word. */
async function checkAddresses(lab: DemoLab, host: Netns): Promise<void> {
  const link = lab.bridge?.ifindex;
  if (link === undefined) return;
  const held = (await host.addresses.list({ link })).filter(
    ({ tentative, dadfailed }) => tentative || dadfailed,
  );
  if (held.length > 0) throw new Error(`${held[0]?.address} on the bridge is not usable yet`);
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
  await running.ready('console', { pattern: 'netloom: ready', timeout: BOOT_SECONDS, signal });
  task.title = `${vm.name}: process · qmp · console (QEMU ${running.version}, ${running.accel.toUpperCase()})`;
}

/** Removes everything and says so; returns how much could not be removed. */
async function takeDown(lab: DemoLab, options: DemoOptions): Promise<number> {
  const left = await lab.remove();
  if (left.length === 0 && !options.quiet && !options.json) process.stderr.write('✔ everything is removed\n');
  for (const { what, error } of left) {
    process.stderr.write(`left behind: ${what}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
  if (left.length > 0) process.stderr.write('try: npx --no-install netloom prune\n');
  return left.length;
}
