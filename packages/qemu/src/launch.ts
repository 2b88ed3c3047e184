import { createMark, releaseMark } from '@netloom/core';
import { kvmWorks } from './accel.js';
import { findBinary } from './binary.js';
import { qemuCommand } from './command-line.js';
import { checkQemuOptions, type QemuConfig } from './config.js';
import { QemuConsole } from './console.js';
import { type CopyTarget, openConsoleCopy } from './console-copy.js';
import { QemuProcess } from './process.js';
import { QmpClient } from './qmp.js';
import type { QemuOptions } from './qemu-options.js';
import { abandon, QemuVm } from './vm.js';

/**
 * Starts QEMU and resolves when it answers on QMP; the guest may not have come far by then (`ready()`).
 * Everything is checked before a process starts, and a launch that fails leaves none.
 *
 * Errors: ArgumentError for an option; `ERR_NETLOOM_QEMU_NOT_FOUND`; `ERR_NETLOOM_QEMU_EXITED` when QEMU
 * refuses its command line, with its last words in `kernelMessage`; `ERR_NETLOOM_TIMEOUT` when it does not
 * answer in 60 seconds; the reason of `signal`. QEMU leads a session of its own: Ctrl-C does not reach it,
 * and it outlives us when we are killed.
 */
export async function launchQemu(options: QemuOptions = {}): Promise<QemuVm> {
  const checked = checkQemuOptions(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const binary = findBinary(checked.binary);
  const config = { ...checked, accel: await chooseAccel(checked, binary) };
  const copy = config.console === undefined ? undefined : await openConsoleCopy(config.console);
  try {
    signal?.throwIfAborted();
    return await launch(config, binary, copy, signal);
  } catch (error) {
    await copy?.finish();
    throw error;
  }
}

async function chooseAccel({ accel, cpu }: QemuConfig, binary: string): Promise<QemuConfig['accel']> {
  if (accel !== 'auto') return accel;
  return (await kvmWorks(binary, cpu)) ? 'auto' : 'tcg';
}

async function launch(
  config: QemuConfig,
  binary: string,
  copy: CopyTarget | undefined,
  signal: AbortSignal | undefined,
): Promise<QemuVm> {
  const process = await startMarked(config, binary);
  try {
    const whyEnded = (): Promise<Error> => process.whyEnded();
    const console = new QemuConsole(process.console, whyEnded, copy);
    const qmp = await QmpClient.open(process.qmp, { signal, whyEnded });
    const { enabled } = await qmp.execute('query-kvm', undefined, { signal });
    const { qemu } = await qmp.execute('query-version', undefined, { signal });
    const version = `${qemu.major}.${qemu.minor}.${qemu.micro}`;
    return new QemuVm({ config, process, qmp, console, copy, accel: enabled ? 'kvm' : 'tcg', version });
  } catch (error) {
    const { exit } = process;
    throw await abandon(process, exit ? process.exitError(exit, `launch VM '${config.name}'`) : error);
  }
}

/** Without a mark of the caller's, one of ours: it lives as long as the process. */
async function startMarked(config: QemuConfig, binary: string): Promise<QemuProcess> {
  if (config.owner !== undefined) return QemuProcess.start(config.name, binary, qemuCommand(config));
  const owner = createMark();
  try {
    const process = await QemuProcess.start(config.name, binary, qemuCommand({ ...config, owner }));
    void process.exited.then(releaseMark);
    return process;
  } catch (error) {
    releaseMark();
    throw error;
  }
}
