import type { Duplex } from 'node:stream';
import { NetloomError } from '@netloom/core';
import { asError, type WaitOptions, waiting } from './limits.js';
import { LineSplitter } from './line-splitter.js';
import { parseQmpMessage, type QmpCommands, type QmpEvent, type QmpMessage } from './qmp-types.js';

const MAX_LINE = 16 * 1024 * 1024;
const MAX_QUEUED_EVENTS = 4096;
/** QEMU answers in milliseconds unless its main loop hangs or waits for a vhost-user back-end. */
const ANSWER_SECONDS = 60;

interface Listener {
  event(event: QmpEvent): void;
  end(error: Error): void;
}

interface EventQueue {
  events: QmpEvent[];
  problem: Error | undefined;
  wake: () => void;
}

/** What a client is opened with. */
export interface QmpClientOptions extends WaitOptions {
  /** Asked when the stream ends by itself; the error is what every waiting call rejects with. */
  whyEnded?: (() => Promise<Error>) | undefined;
}

/**
 * A QMP monitor: commands with ids over one stream, events beside them. All calls that wait reject when the
 * stream ends. Errors have code `ERR_NETLOOM_QMP` (`request` is the command, `kernelMessage` QEMU's class and
 * words), `ERR_NETLOOM_TIMEOUT`, or what `whyEnded` says.
 */
export class QmpClient {
  readonly #stream: Duplex;
  readonly #whyEnded: (() => Promise<Error>) | undefined;
  readonly #splitter = new LineSplitter(MAX_LINE);
  readonly #pending = new Map<number, (message: QmpMessage | Error) => void>();
  readonly #listeners = new Set<Listener>();
  #onGreeting: (() => void) | undefined;
  #nextId = 1;
  #ended: Error | undefined;
  #ending = false;

  /**
   * Takes over a stream that is connected to a QMP monitor: waits for the greeting and negotiates.
   * `timeout` (seconds, default 60) and `signal` bound the wait; when it fails the stream is destroyed.
   */
  static async open(stream: Duplex, options: QmpClientOptions = {}): Promise<QmpClient> {
    const client = new QmpClient(stream, options.whyEnded);
    const bounds = { timeout: options.timeout ?? ANSWER_SECONDS, signal: options.signal };
    try {
      await client.#greeting(bounds);
      await client.execute('qmp_capabilities', undefined, bounds);
    } catch (error) {
      client.#end(asError(error));
      throw error;
    }
    return client;
  }

  private constructor(stream: Duplex, whyEnded: (() => Promise<Error>) | undefined) {
    this.#stream = stream;
    this.#whyEnded = whyEnded;
    stream.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    // A QEMU that dies with a command unread gives ECONNRESET: an end like any other.
    stream.on('error', () => void this.#streamEnded());
    stream.on('end', () => void this.#streamEnded());
    stream.on('close', () => void this.#streamEnded());
  }

  /** Whether commands can still be sent. */
  get open(): boolean {
    return this.#ended === undefined && !this.#ending;
  }

  /**
   * Sends one command and waits for its answer, 60 seconds unless `timeout` says otherwise. An abort or a
   * timeout ends the waiting only: QEMU has the command, and may have carried it out.
   */
  execute<Name extends keyof QmpCommands>(
    command: Name,
    args?: object,
    options?: WaitOptions,
  ): Promise<QmpCommands[Name]>;
  execute(command: string, args?: object, options?: WaitOptions): Promise<unknown>;
  execute(command: string, args?: object, options: WaitOptions = {}): Promise<unknown> {
    const bounds = { timeout: options.timeout ?? ANSWER_SECONDS, signal: options.signal };
    const late = (seconds: number): Error =>
      timeoutError(`run QMP ${command}`, 'no answer', seconds, command);
    return waiting<unknown>(bounds, late, (resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return () => {};
      }
      const id = this.#nextId++;
      this.#pending.set(id, (answer) => {
        if (answer instanceof Error) reject(answer);
        else if (answer.type === 'return') resolve(answer.value);
        else if (answer.type === 'error') reject(refusal(command, answer.class, answer.desc));
      });
      if (!this.#ending) {
        const request = { execute: command, ...(args === undefined ? {} : { arguments: args }), id };
        this.#stream.write(`${JSON.stringify(request)}\n`);
      }
      return () => this.#pending.delete(id);
    });
  }

  /** The next event of that name (for which `matches` is true). It has to come after this call. */
  event(
    name: string,
    matches: (event: QmpEvent) => boolean = () => true,
    options: WaitOptions = {},
  ): Promise<QmpEvent> {
    const late = (seconds: number): Error =>
      timeoutError(`wait for QMP event ${name}`, 'none came', seconds, name);
    return waiting<QmpEvent>(options, late, (resolve, reject) =>
      this.#listen({
        event: (event) => {
          try {
            if (event.event === name && matches(event)) resolve(event);
          } catch (error) {
            reject(error);
          }
        },
        end: reject,
      }),
    );
  }

  /**
   * All events from now on. The loop ends with an error when QEMU goes, the signal aborts, or 4096 events
   * wait to be read.
   */
  events(options: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<QmpEvent, void> {
    const queue: EventQueue = { events: [], problem: undefined, wake: () => {} };
    const finish = (problem: Error): void => {
      queue.problem = problem;
      queue.wake();
    };
    const stop = this.#listen({
      event: (event) => {
        if (queue.events.push(event) < MAX_QUEUED_EVENTS) return queue.wake();
        stop();
        finish(streamError('too many events wait to be read'));
      },
      end: finish,
    });
    return drain(queue, options, stop);
  }

  /** Lets go of the stream. QEMU runs on. Calls that wait reject with `reason`, or `ERR_NETLOOM_CLOSED`. */
  close(reason?: Error): void {
    this.#end(reason ?? new NetloomError('ERR_NETLOOM_CLOSED', 'cannot use QMP: the client is closed'));
  }

  #greeting(bounds: WaitOptions): Promise<void> {
    const late = (seconds: number): Error => timeoutError('open QMP', 'no greeting', seconds, 'greeting');
    return waiting<void>(bounds, late, (resolve, reject) => {
      this.#onGreeting = resolve;
      return this.#listen({ event: () => {}, end: reject });
    });
  }

  #listen(listener: Listener): () => void {
    if (this.#ended === undefined) this.#listeners.add(listener);
    else listener.end(this.#ended);
    return () => this.#listeners.delete(listener);
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ended !== undefined) return;
    try {
      for (const line of this.#splitter.push(chunk)) {
        if (line.trim() !== '') this.#dispatch(parseQmpMessage(line));
      }
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      this.#end(streamError('malformed input', { kernelMessage: words, cause }));
    }
  }

  #dispatch(message: QmpMessage): void {
    if (message.type === 'greeting') this.#onGreeting?.();
    else if (message.type === 'event') for (const listener of this.#listeners) listener.event(message.event);
    else this.#pending.get(message.id)?.(message); // absent: the caller gave up waiting
  }

  async #streamEnded(): Promise<void> {
    if (this.#ending || this.#ended !== undefined) return;
    this.#ending = true;
    const reason = this.#whyEnded?.().catch(asError);
    this.#end((await reason) ?? streamError('the connection ended'));
  }

  #end(error: Error): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#stream.destroy();
    for (const answer of this.#pending.values()) answer(error);
    for (const listener of this.#listeners) listener.end(error);
    this.#listeners.clear();
  }
}

async function* drain(
  queue: EventQueue,
  bounds: WaitOptions,
  stop: () => void,
): AsyncGenerator<QmpEvent, void> {
  const late = (): Error => streamError('no event');
  try {
    for (;;) {
      const event = queue.events.shift();
      if (event !== undefined) {
        yield event;
      } else if (queue.problem !== undefined) {
        throw queue.problem;
      } else {
        await waiting<void>(bounds, late, (resolve) => {
          queue.wake = resolve;
          return () => {};
        });
      }
    }
  } finally {
    stop();
  }
}

function refusal(command: string, errorClass: string, desc: string): NetloomError {
  return new NetloomError('ERR_NETLOOM_QMP', `cannot run QMP ${command}: ${desc}`, {
    request: command,
    kernelMessage: `${errorClass}: ${desc}`,
  });
}

function streamError(
  reason: string,
  details: { kernelMessage?: string; cause?: unknown } = {},
): NetloomError {
  return new NetloomError('ERR_NETLOOM_QMP', `cannot use QMP: ${reason}`, details);
}

function timeoutError(what: string, reason: string, seconds: number, request: string): NetloomError {
  return new NetloomError('ERR_NETLOOM_TIMEOUT', `cannot ${what}: ${reason} in ${seconds} s`, { request });
}
