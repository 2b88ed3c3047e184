import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex, type Readable } from 'node:stream';
import { NetloomError } from '@netloom/core';
import { type QemuCommand, shellLine } from './command-line.js';
import { within } from './limits.js';

/** How a QEMU ended: one of `code` and `signal` is null. */
export interface QemuExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last 20 lines that QEMU wrote to its standard error. */
  stderr: string;
}

const STDERR_LINES = 20;
const STDERR_BYTES = 64 * 1024;

/**
 * One child process. It leads a session of its own (setsid), so that a Ctrl-C in the terminal reaches us and
 * not QEMU: its end is ours to order. The price is that it outlives a parent that is killed; its mark in argv
 * is how it is found again. It runs in `/` with nothing in its environment but PATH and the C locale.
 */
export class QemuProcess {
  readonly name: string;
  readonly pid: number;
  /** The command as a shell line. */
  readonly command: string;
  readonly qmp: Duplex;
  readonly console: Duplex;
  /** Resolves once, when the process is gone and reaped. Never rejects. */
  readonly exited: Promise<QemuExit>;
  readonly #child: ChildProcess;
  #stderr = '';
  #exit: QemuExit | undefined;
  #isLetGo = false;

  /** Starts the program. Throws the reason when there is no process. */
  static async start(name: string, binary: string, command: QemuCommand): Promise<QemuProcess> {
    const child = spawn(binary, command.args, {
      // The order of command-line.ts: QMP_FD, CONSOLE_FD, then the cards.
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', ...command.fds],
      detached: true,
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
    });
    const line = shellLine([binary, ...command.args]);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause: NodeJS.ErrnoException) => {
        for (const stream of child.stdio ?? []) stream?.destroy();
        const details = { command: line, cause };
        reject(
          new NetloomError(
            cause.code ?? 'ERR_NETLOOM_QEMU',
            `cannot launch VM '${name}': ${cause.message}`,
            details,
          ),
        );
      });
    });
    return new QemuProcess(name, child, line);
  }

  private constructor(name: string, child: ChildProcess, command: string) {
    const [, , stderr, qmp, port] = child.stdio;
    if (child.pid === undefined || !stderr || !(qmp instanceof Duplex) || !(port instanceof Duplex)) {
      throw new NetloomError('ERR_NETLOOM_QEMU', `cannot launch VM '${name}': node gave no pipes`);
    }
    this.name = name;
    this.pid = child.pid;
    this.command = command;
    this.qmp = qmp;
    this.console = port;
    this.#child = child;
    // A signal that could not be sent: the process is gone, or the caller's wait says that it is not.
    child.on('error', () => {});
    this.#readStderr(stderr);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        void this.#end(code, signal, stderr).then(resolve);
      });
    });
  }

  async #end(code: number | null, signal: NodeJS.Signals | null, stderr: Readable): Promise<QemuExit> {
    // The pipe may still hold the last words; a grandchild could hold it open for ever.
    await within(streamClosed(stderr), 0.5);
    stderr.destroy();
    const last = this.#stderr.trimEnd().split('\n').slice(-STDERR_LINES).join('\n');
    this.#exit = { code, signal, stderr: last };
    return this.#exit;
  }

  get exit(): QemuExit | undefined {
    return this.#exit;
  }

  /** Sends a signal; nothing when the process is gone (a pid that was reaped is never signalled). */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Lets the event loop end while QEMU runs. */
  letGo(): void {
    this.#isLetGo = true;
    this.#child.unref();
    for (const stream of this.#child.stdio) stream?.destroy();
  }

  /** Why a stream of QEMU's ended: usually because QEMU did, which is known a moment later. */
  async whyEnded(): Promise<Error> {
    if (!this.#isLetGo) await within(this.exited, 2);
    if (this.#exit !== undefined) return this.exitError(this.#exit, `use VM '${this.name}'`);
    return new NetloomError(
      'ERR_NETLOOM_CLOSED',
      `cannot use VM '${this.name}': the connection to it is closed`,
    );
  }

  exitError(exit: QemuExit, what: string): NetloomError {
    const how = exit.signal === null ? `with status ${exit.code}` : `by ${exit.signal}`;
    return new NetloomError('ERR_NETLOOM_QEMU_EXITED', `cannot ${what}: QEMU exited ${how}`, {
      kernelMessage: exit.stderr === '' ? undefined : exit.stderr,
      hint:
        exit.signal === null
          ? 'these are its last words; the command below runs it by hand'
          : `somebody sent ${exit.signal}: see dmesg when the memory ran out`,
      command: this.command,
    });
  }

  #readStderr(stderr: Readable): void {
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_BYTES);
    });
    stderr.on('error', () => {});
  }
}

function streamClosed(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed || stream.readableEnded) resolve();
    else stream.once('end', resolve).once('close', resolve);
  });
}
