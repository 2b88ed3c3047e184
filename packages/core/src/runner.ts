import { NetloomError } from './errors.js';
import type { Outcome } from './netlink/exchange.js';
import type { NetlinkSocket } from './netlink/socket.js';
import { type Operation, PAUSE, type Step } from './operation.js';
import { fromNative } from './refusal.js';

interface Task {
  readonly operation: Operation<unknown>;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

const NOTHING: readonly Outcome[] = [];

/** So many steps go out at once, while the calling turn makes more: the kernel works beside JavaScript. */
const FULL = 1024;

/**
 * Runs operations on one namespace's sockets. Steps that are issued in one turn of the event loop go out
 * in one batch, in order; one that fails does not stop the others.
 */
export class Runner {
  readonly #open: () => NetlinkSocket;
  #promised: NetlinkSocket | undefined;
  #immediate: NetlinkSocket | undefined;
  #closed = false;
  #queue: { task: Task; step: Step }[] = [];

  constructor(open: () => NetlinkSocket) {
    this.#open = open;
  }

  run<T>(operation: Operation<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#advance({ operation, resolve, reject }, NOTHING);
    });
  }

  /** Runs to the end on the calling thread, on a socket of its own, ahead of what is promised but not sent. */
  runSync<T>(operation: Operation<T>): T {
    const socket = (this.#immediate ??= this.#open());
    let turn = operation.next([]);
    while (turn.done !== true) {
      let outcomes: readonly Outcome[] = [];
      let failure: { error: unknown } | undefined;
      if (turn.value !== PAUSE) {
        try {
          const batch = socket.batch();
          turn.value(batch);
          outcomes = socket.exchangeSync(batch);
        } catch (error) {
          failure = { error: transportError(error) };
        }
      }
      turn = failure === undefined ? operation.next(outcomes) : operation.throw(failure.error);
    }
    return turn.value;
  }

  close(): void {
    this.#closed = true;
    this.#promised?.close();
    this.#immediate?.close();
    this.#promised = undefined;
    this.#immediate = undefined;
  }

  /** Gives an operation its outcomes, or the error that kept them away, and takes its next step. */
  #advance(task: Task, outcomes: readonly Outcome[], failure?: { error: unknown }): void {
    try {
      const { operation } = task;
      const result = failure === undefined ? operation.next(outcomes) : operation.throw(failure.error);
      if (result.done === true) task.resolve(result.value as never);
      else if (result.value === PAUSE) setImmediate(() => this.#advance(task, NOTHING));
      else this.#enqueue(task, result.value);
    } catch (error) {
      task.reject(error);
    }
  }

  #enqueue(task: Task, step: Step): void {
    const waiting = this.#queue.push({ task, step });
    if (waiting === 1) queueMicrotask(() => this.#flush());
    else if (waiting === FULL) this.#flush();
  }

  #flush(): void {
    const waiting = this.#queue;
    if (waiting.length === 0) return;
    this.#queue = [];
    try {
      if (this.#closed)
        throw new NetloomError('ERR_NETLOOM_CLOSED', 'cannot ask the kernel: the handle was closed');
      this.#send((this.#promised ??= this.#open()), waiting);
    } catch (cause) {
      const error = transportError(cause);
      for (const { task } of waiting) this.#advance(task, NOTHING, { error });
    }
  }

  #send(socket: NetlinkSocket, waiting: readonly { task: Task; step: Step }[]): void {
    const batch = socket.batch();
    const sent: { task: Task; start: number; end: number }[] = [];
    for (const { task, step } of waiting) {
      const start = batch.count;
      try {
        batch.attempt(step);
        sent.push({ task, start, end: batch.count });
      } catch (error) {
        this.#advance(task, NOTHING, { error });
      }
    }
    if (batch.count === 0) {
      for (const { task } of sent) this.#advance(task, NOTHING);
      return;
    }
    socket.exchange(batch).then(
      (outcomes) => {
        for (const { task, start, end } of sent) this.#advance(task, outcomes.slice(start, end));
      },
      (cause: unknown) => {
        const error = transportError(cause);
        for (const { task } of sent) this.#advance(task, NOTHING, { error });
      },
    );
  }
}

/** What the socket ran into, as an error of ours: ENOBUFS, ETIMEDOUT, EMSGSIZE, or that it could not be opened. */
function transportError(cause: unknown): unknown {
  return fromNative(cause, 'exchange netlink messages');
}
