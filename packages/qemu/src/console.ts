import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { NetloomError } from '@netloom/core';
import { type WaitOptions, waiting } from './limits.js';

/** Characters of the guest's output that are kept. */
const KEPT = 64 * 1024;

/** What a console can be waited for with. */
export interface ConsoleWaitOptions extends WaitOptions {
  /** Ignores what came before this `position`. Default: everything that is still kept counts. */
  from?: number | undefined;
}

/** What the console's copy goes to; `write` says whether more may come at once. */
export interface ConsoleCopy {
  write(chunk: Uint8Array): boolean;
  onDrain(more: () => void): void;
}

/**
 * The first serial port of a VM. The last 64 Ki characters are kept; they are what the guest wrote, so
 * neither their content nor their amount is to be trusted. Iterating gives lines without their line ends,
 * first the kept ones; a reader that falls behind misses the oldest, and a line longer than 64 Ki
 * characters comes in pieces. The loop ends when QEMU does.
 */
export class QemuConsole implements AsyncIterable<string> {
  readonly #stream: Duplex;
  readonly #decoder = new StringDecoder('utf8');
  readonly #watchers = new Set<() => void>();
  readonly #whyEnded: () => Promise<Error>;
  #buffer = '';
  #dropped = 0;
  #ended: Error | undefined;
  #writable = true;

  /** @internal */
  constructor(stream: Duplex, whyEnded: () => Promise<Error>, copy?: ConsoleCopy) {
    this.#stream = stream;
    this.#whyEnded = whyEnded;
    stream.on('data', (chunk: Buffer) => {
      if (copy !== undefined && !copy.write(chunk)) {
        stream.pause();
        copy.onDrain(() => stream.resume());
      }
      this.#receive(this.#decoder.write(chunk));
    });
    stream.on('error', () => stream.destroy());
    stream.on('close', () => void this.#end());
  }

  /** The last 64 Ki characters. */
  get text(): string {
    return this.#buffer.slice(-KEPT);
  }

  /** Characters received since the start: a place to wait `from`. */
  get position(): number {
    return this.#dropped + this.#buffer.length;
  }

  /** The last `count` lines of what is kept. */
  lastLines(count: number): string[] {
    return this.text.trimEnd().split(/\r*\n/).slice(-count);
  }

  /**
   * Waits until the output matches, and resolves to the match and its groups. A string is taken literally.
   * Rejects with `ERR_NETLOOM_TIMEOUT` (only when `timeout` is given), or `ERR_NETLOOM_QEMU_EXITED`.
   */
  waitFor(pattern: string | RegExp, options: ConsoleWaitOptions = {}): Promise<string[]> {
    const late = (seconds: number): Error => this.#late(pattern, seconds);
    return waiting<string[]>(options, late, (resolve, reject) => {
      const look = (): void => {
        const found = match(pattern, this.#since(options.from ?? 0));
        if (found !== undefined) resolve(found);
        else if (this.#ended !== undefined) reject(this.#ended);
      };
      this.#watchers.add(look);
      look();
      return () => this.#watchers.delete(look);
    });
  }

  /** Types `text` into the guest's serial port. Resolves when QEMU has taken it. */
  async write(text: string): Promise<void> {
    if (!this.#writable || this.#stream.destroyed) throw this.#ended ?? (await this.#whyEnded());
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => (error == null ? resolve() : reject(this.#ended ?? error)));
    });
  }

  /** Lines as they come; the class says what a slow reader misses. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, void> {
    let position = this.#dropped;
    for (;;) {
      position = Math.max(position, this.#dropped);
      const rest = this.#since(position);
      const end = rest.indexOf('\n');
      if (end !== -1) {
        position += end + 1;
        yield rest.slice(0, end).replace(/\r+$/, '');
      } else if (rest.length >= KEPT || (this.#ended !== undefined && rest !== '')) {
        position += rest.length;
        yield rest;
      } else if (this.#ended === undefined) {
        await this.#change();
      } else {
        return;
      }
    }
  }

  /** Lets go of the port; the guest's output is lost from then on. */
  close(): void {
    this.#writable = false;
    this.#stream.destroy();
  }

  /** Resolves when the stream has ended and all it brought was seen. @internal */
  async closed(): Promise<void> {
    while (this.#ended === undefined) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const once = (): void => {
        this.#watchers.delete(once);
        resolve();
      };
      this.#watchers.add(once);
    });
  }

  #since(position: number): string {
    return this.#buffer.slice(Math.max(0, position - this.#dropped));
  }

  #receive(text: string): void {
    this.#buffer += text;
    // Cut only at twice the amount, so that a byte costs the same however the guest chunks its output.
    if (this.#buffer.length > 2 * KEPT) {
      this.#dropped += this.#buffer.length - KEPT;
      this.#buffer = this.#buffer.slice(-KEPT);
    }
    this.#wake();
  }

  async #end(): Promise<void> {
    this.#writable = false;
    const reason = await this.#whyEnded();
    this.#ended = reason;
    this.#wake();
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #late(pattern: string | RegExp, seconds: number): NetloomError {
    const summary = `cannot find ${shown(pattern)} on the console: it did not come in ${seconds} s`;
    const last = this.lastLines(10).join('\n');
    return new NetloomError('ERR_NETLOOM_TIMEOUT', summary, {
      field: 'console',
      kernelMessage: last === '' ? 'no output at all' : last,
    });
  }
}

export function shown(pattern: string | RegExp): string {
  return typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern);
}

function match(pattern: string | RegExp, text: string): string[] | undefined {
  if (typeof pattern === 'string') return text.includes(pattern) ? [pattern] : undefined;
  // A regular expression with g or y remembers where it was; each look starts anew.
  const found = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, '')).exec(text);
  return found === null ? undefined : [...found];
}
