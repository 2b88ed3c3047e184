import { align, Writer } from './bytes.js';
import type { StructFields, StructOf } from './codec.js';
import {
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_DUMP_FILTERED,
  NLM_F_DUMP_INTR,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './constants.js';
import { pathAt, pathMissing, readVerdict, type Verdict } from './extack.js';
import { type Message, type MessageFormat, messagesIn, writeMessage } from './message.js';
import type { AttributeSet, Values } from './table.js';

interface Sent {
  /** Goes out in one send with the message after it. */
  readonly joined: boolean;
  readonly start: number;
  readonly end: number;
  readonly shape: MessageFormat<StructFields, AttributeSet>;
}

/** Where nlmsg_flags stand in nlmsghdr. */
const FLAGS_OFFSET = 6;
/** One in so many changes is acknowledged, so that a window of the receive buffer always ends with one. */
const RUN = 64;

const CHANGES = NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE | NLM_F_APPEND;
const isPlainChange = (flags: number) =>
  (flags & CHANGES) !== 0 && (flags & NLM_F_DUMP) !== NLM_F_DUMP && (flags & NLM_F_ECHO) === 0;

/** Requests that go out together, in order, with sequence numbers that rise by one. */
export class RequestBatch {
  readonly #writer = new Writer(4096);
  readonly #sent: Sent[] = [];
  readonly firstSeq: number;

  constructor(firstSeq: number) {
    this.firstSeq = firstSeq;
  }

  /** Messages added so far. */
  get count(): number {
    return this.#sent.length;
  }

  /** Adds a request whose outcome is known when the batch is answered; returns its place in the batch. */
  add<F extends StructFields, S extends AttributeSet>(
    type: number,
    flags: number,
    shape: MessageFormat<F, S>,
    header: Partial<StructOf<F>>,
    values: Values<S>,
  ): number {
    return this.#add(type, flags | NLM_F_REQUEST | NLM_F_ACK, shape, header, values, false);
  }

  /**
   * Adds a request that goes out in one send with the one after it, so that the kernel carries out both even
   * when this process is killed in between: a link, and its ownership mark.
   */
  addJoined<F extends StructFields, S extends AttributeSet>(
    type: number,
    flags: number,
    shape: MessageFormat<F, S>,
    header: Partial<StructOf<F>>,
    values: Values<S>,
  ): number {
    return this.#add(type, flags | NLM_F_REQUEST | NLM_F_ACK, shape, header, values, true);
  }

  /** Adds a request for a list, which ends by itself (NLMSG_DONE). */
  addDump<F extends StructFields, S extends AttributeSet>(
    type: number,
    shape: MessageFormat<F, S>,
    header: Partial<StructOf<F>>,
    values: Values<S>,
  ): number {
    return this.#add(type, NLM_F_REQUEST | NLM_F_DUMP, shape, header, values, false);
  }

  #add<F extends StructFields, S extends AttributeSet>(
    type: number,
    flags: number,
    shape: MessageFormat<F, S>,
    header: Partial<StructOf<F>>,
    values: Values<S>,
    joined: boolean,
  ): number {
    const index = this.#sent.length;
    const start = this.#writer.length;
    const message = { type, flags, seq: this.firstSeq + index };
    writeMessage(this.#writer, message, shape, header, values);
    this.#sent.push({ joined, start, end: this.#writer.length, shape: shape as unknown as Sent['shape'] });
    this.#writer.reserve(align(this.#writer.length) - this.#writer.length);
    return index;
  }

  /** Runs what adds requests; when it throws, what it had added is taken back. */
  attempt(add: (batch: RequestBatch) => void): void {
    const { length } = this.#writer;
    const { count } = this;
    try {
      add(this);
    } catch (error) {
      this.#writer.truncate(length);
      this.#sent.length = count;
      throw error;
    }
  }

  /**
   * The requests as they go out. In a run of plain changes only the last is acknowledged: a failure is told
   * in any case, and silence is success. It halves the kernel's work for small changes.
   */
  bytes(): Uint8Array {
    const bytes = this.#writer.finish();
    const view = new DataView(bytes.buffer);
    for (let i = 0; i + 1 < this.#sent.length; i++) {
      const { start, joined } = this.#sent[i] as Sent;
      const at = start + FLAGS_OFFSET;
      const flags = view.getUint16(at, true);
      // A send ends with a message that is acknowledged: one that is not stays with the next.
      if (joined || (i % RUN !== RUN - 1 && isPlainChange(flags)))
        view.setUint16(at, flags & ~NLM_F_ACK, true);
    }
    return bytes;
  }

  /** Where the kernel saw a fault, as names from the table: `['linkinfo', 'data', 'id']`. */
  fieldPath(index: number, verdict: Verdict): string[] {
    const sent = this.#sent[index];
    if (sent === undefined || (verdict.offset ?? verdict.missingType) === undefined) return [];
    const request = this.#writer.slice(sent.start, sent.end);
    const { header, attributes } = sent.shape;
    return verdict.offset === undefined
      ? pathMissing(request, verdict, header.fullSize, attributes)
      : pathAt(request, verdict.offset, header.fullSize, attributes);
  }
}

/** What came back for one request of a batch. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly messages: readonly Message[];
  /** Where the fault is, as names from the table, when the kernel said so. */
  readonly path: readonly string[];
  /** The kernel flagged the dump as inconsistent. */
  readonly interrupted: boolean;
  /** The kernel says that it applied the dump's filter. */
  readonly filtered: boolean;
}

const SUCCESS: Verdict = { errno: 0 };
const QUIET: Outcome = { verdict: SUCCESS, messages: [], path: [], interrupted: false, filtered: false };

/** Sorts a reply by request. The bare acknowledgements of success are not in it: silence is success. */
export function outcomesOf(batch: RequestBatch, reply: Uint8Array): Outcome[] {
  const outcomes: Outcome[] = Array.from({ length: batch.count }, () => QUIET);
  for (const message of messagesIn(reply)) {
    const index = (message.seq - batch.firstSeq) >>> 0;
    if (index >= outcomes.length) continue;
    let outcome = outcomes[index] as Outcome & { messages: Message[] };
    if (outcome === QUIET) {
      outcome = { verdict: SUCCESS, messages: [], path: [], interrupted: false, filtered: false };
      outcomes[index] = outcome;
    }
    if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
      const verdict = readVerdict(message);
      Object.assign(outcome, { verdict, path: batch.fieldPath(index, verdict) });
    } else outcome.messages.push(message);
    if ((message.flags & NLM_F_DUMP_INTR) !== 0) Object.assign(outcome, { interrupted: true });
    // On an error message the flags have other meanings.
    if (message.type !== NLMSG_ERROR && (message.flags & NLM_F_DUMP_FILTERED) !== 0) {
      Object.assign(outcome, { filtered: true });
    }
  }
  return outcomes;
}
