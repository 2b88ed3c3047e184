import { ArgumentError, NetloomError } from '@netloom/core';
import type { NicConfig, QemuConfig } from './config.js';
import { type QemuConsole, shown } from './console.js';
import type { CopyTarget } from './console-copy.js';
import { asError, type WaitOptions, waiting, within } from './limits.js';
import type { QemuExit, QemuProcess } from './process.js';
import type { QmpClient } from './qmp.js';

/** Seconds that `ready()` waits when it is not told. */
const READY_SECONDS = 60;
/** Seconds after SIGKILL before a process counts as stuck in the kernel. */
const KILL_SECONDS = 10;
const COPY_SECONDS = 1;

/** How far a VM has come: the process runs, QEMU answers, the guest writes. */
export type QemuStage = 'process' | 'qmp' | 'console';

/** What `QemuVm.ready()` takes. */
export interface ReadyOptions extends WaitOptions {
  /** Stage `console` only: what the guest has to write. Default: anything but white space. */
  pattern?: string | RegExp | undefined;
}

/** A network card as the VM got it. */
export interface QemuNicInfo {
  /** The device's id in QEMU; the netdev's is the same with `-netdev` behind. */
  id: string;
  mac: string;
  /** The back-end's name on the host. */
  ifname: string;
}

/** @internal */
export interface QemuVmParts {
  config: QemuConfig;
  process: QemuProcess;
  qmp: QmpClient;
  console: QemuConsole;
  copy: CopyTarget | undefined;
  accel: 'kvm' | 'tcg';
  version: string;
}

/**
 * A running QEMU. Disposing it is `remove()`: power button, `quit`, SIGTERM, SIGKILL. When QEMU goes by
 * itself, whatever waits rejects with `ERR_NETLOOM_QEMU_EXITED`.
 */
export class QemuVm implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** What the guest really runs under, as QEMU says. */
  readonly accel: 'kvm' | 'tcg';
  /** QEMU's version, `7.2.22`. */
  readonly version: string;
  readonly qmp: QmpClient;
  readonly console: QemuConsole;
  readonly nics: readonly QemuNicInfo[];
  /** The command that was run, as a shell line. */
  readonly command: string;
  /** Resolves when QEMU is gone, for whatever reason. Never rejects. */
  readonly exited: Promise<QemuExit>;
  readonly #parts: QemuVmParts;
  #removal: Promise<void> | undefined;
  readonly #copied: Promise<void>;
  #closed = false;

  /** @internal */
  constructor(parts: QemuVmParts) {
    this.#parts = parts;
    this.name = parts.config.name;
    this.pid = parts.process.pid;
    this.command = parts.process.command;
    this.accel = parts.accel;
    this.version = parts.version;
    this.qmp = parts.qmp;
    this.console = parts.console;
    this.nics = parts.config.nics.map(nicInfo);
    this.exited = parts.process.exited;
    this.#copied = this.#finishCopy();
  }

  /**
   * Waits until the VM has come to a stage; `timeout` is in seconds, default 60. A stage that is behind
   * already resolves at once. On `ERR_NETLOOM_TIMEOUT` the VM goes on running; the error has the console's
   * last lines. Rejects with `ERR_NETLOOM_QEMU_EXITED` when QEMU goes meanwhile.
   */
  async ready(stage: QemuStage, options: ReadyOptions = {}): Promise<void> {
    if (!['process', 'qmp', 'console'].includes(stage)) {
      throw new ArgumentError('stage', `'${stage}' is none of process, qmp, console`);
    }
    if (options.pattern !== undefined && stage !== 'console') {
      throw new ArgumentError('pattern', `stage '${stage}' has no output`, { hint: "wait for 'console'" });
    }
    const pattern = options.pattern ?? /\S/;
    const { signal, timeout = READY_SECONDS } = options;
    await waiting<void>(
      { signal, timeout },
      (seconds) => this.#notReady(stage, pattern, seconds),
      (resolve, reject) => {
        const stop = new AbortController();
        void this.exited.then((exit) =>
          reject(this.#parts.process.exitError(exit, `wait for VM '${this.name}'`)),
        );
        this.#reach(stage, pattern, stop.signal).then(resolve, reject);
        return () => stop.abort();
      },
    );
  }

  /** Presses the power button: a request to the guest, which may ignore it. Wait for `exited`. */
  async powerdown(): Promise<void> {
    await this.qmp.execute('system_powerdown');
  }

  /** Ends QEMU by QMP `quit`, as if the plug were pulled, and waits until it is gone. */
  async quit(): Promise<QemuExit> {
    try {
      await this.qmp.execute('quit');
    } catch (error) {
      // QEMU may be gone before its answer is: that is what was asked for.
      if (this.#parts.process.exit === undefined) throw error;
    }
    return await this.exited;
  }

  /** Ends QEMU by SIGKILL and waits until it is gone (10 seconds, then `ERR_NETLOOM_QEMU_STUCK`). */
  async kill(): Promise<QemuExit> {
    this.#parts.process.signal('SIGKILL');
    if (await within(this.exited, KILL_SECONDS)) return await this.exited;
    throw new NetloomError('ERR_NETLOOM_QEMU_STUCK', `cannot end VM '${this.name}': it survives SIGKILL`, {
      hint: `process ${this.pid} waits in the kernel: see /proc/${this.pid}/stack`,
    });
  }

  /**
   * Ends the VM: power button when the guest runs, `quit`, SIGTERM, each with the seconds of the option
   * `shutdown`, at last SIGKILL. Can be called again and at once from several places; a QEMU that is gone
   * is success. Throws only when the process is still there.
   */
  remove(): Promise<void> {
    this.#removal ??= this.#remove();
    return this.#removal;
  }

  /** Lets go of the VM, which runs on: QMP and console are closed, the event loop may end. */
  close(): void {
    this.#closed = true;
    this.#parts.process.letGo();
    this.qmp.close();
    this.console.close();
  }

  /** `remove()`, unless the VM was let go with `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.remove();
  }

  async #remove(): Promise<void> {
    const { process } = this.#parts;
    const { powerdown, quit, term } = this.#parts.config.shutdown;
    try {
      if (await this.#gone(powerdown, () => this.#askPowerdown(powerdown))) return;
      if (await this.#gone(quit, () => this.qmp.execute('quit', undefined, { timeout: quit }))) return;
      if (await this.#gone(term, () => process.signal('SIGTERM'))) return;
      await this.kill();
    } finally {
      this.qmp.close(process.exit && process.exitError(process.exit, `use VM '${this.name}'`));
      // A copy that nobody drains must not keep the VM's handle open.
      if (!(await within(this.console.closed(), COPY_SECONDS))) this.console.close();
      await within(this.#copied, COPY_SECONDS);
    }
  }

  /** One stage of the end. What goes wrong in it is the reason for the next one. */
  async #gone(seconds: number, ask: () => unknown): Promise<boolean> {
    if (this.#parts.process.exit !== undefined) return true;
    if (seconds === 0) return false;
    const refused = (async () => await ask())().then(
      (asked) => (asked === false ? undefined : this.exited),
      () => undefined,
    );
    // A refusal ends the stage at once; an answer waits for the exit.
    await within(Promise.race([refused, this.exited]), seconds);
    return this.#parts.process.exit !== undefined;
  }

  /** False when no guest runs that could hear it. */
  async #askPowerdown(timeout: number): Promise<boolean> {
    const { running } = await this.qmp.execute('query-status', undefined, { timeout });
    if (running) await this.qmp.execute('system_powerdown', undefined, { timeout });
    return running;
  }

  async #reach(stage: QemuStage, pattern: string | RegExp, signal: AbortSignal): Promise<void> {
    const { exit } = this.#parts.process;
    if (exit !== undefined) throw this.#parts.process.exitError(exit, `wait for VM '${this.name}'`);
    if (stage === 'qmp')
      await this.qmp.execute('query-status', undefined, { signal, timeout: Number.POSITIVE_INFINITY });
    if (stage === 'console') await this.console.waitFor(pattern, { signal });
  }

  #notReady(stage: QemuStage, pattern: string | RegExp, seconds: number): NetloomError {
    const missing = stage === 'console' ? `${shown(pattern)} did not come` : 'no answer';
    const last = this.console.lastLines(10).join('\n');
    const summary = `cannot wait for stage '${stage}' of VM '${this.name}': ${missing} in ${seconds} s`;
    return new NetloomError('ERR_NETLOOM_TIMEOUT', summary, {
      field: stage,
      kernelMessage: last === '' ? 'no output at all' : last,
      hint: "the VM is still running: wait again with a longer 'timeout', or look at vm.console.text",
      command: this.command,
    });
  }

  async #finishCopy(): Promise<void> {
    await this.console.closed();
    await this.#parts.copy?.finish();
  }
}

function nicInfo({ id, mac, backend }: NicConfig): QemuNicInfo {
  return { id, mac, ifname: backend.ifname };
}

/** Undoes a launch that failed: the process is gone when this returns. @internal */
export async function abandon(process: QemuProcess, cause: unknown): Promise<Error> {
  process.signal('SIGKILL');
  await within(process.exited, KILL_SECONDS);
  process.letGo();
  return asError(cause);
}
