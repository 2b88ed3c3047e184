import { DumpInterruptedError } from './errors.js';
import type { RequestBatch } from './netlink/exchange.js';
import type { Message } from './netlink/message.js';
import { ask, type Operation, PAUSE } from './operation.js';
import { expectSuccess } from './refusal.js';

/** A dump that was interrupted is asked again; five times is what Docker and CNI settled on. */
const TRIES = 5;
/** Messages that are decoded before other events have their turn: about a millisecond's worth. */
const SLICE = 512;

/** A list from the kernel: asked, checked, decoded in slices. */
export function* dump<T>(
  what: string,
  request: string,
  how: {
    add: (batch: RequestBatch) => unknown;
    /** One message as a value; undefined leaves it out. */
    read: (message: Message) => T | undefined;
  },
): Operation<T[]> {
  let found: T[] = [];
  for (let tries = 0; tries < TRIES; tries++) {
    const [outcome] = yield* ask(how.add);
    if (outcome === undefined) return found;
    expectSuccess(outcome, { what, request });
    found = [];
    for (const [i, message] of outcome.messages.entries()) {
      if (i > 0 && i % SLICE === 0) yield PAUSE;
      const value = how.read(message);
      if (value !== undefined) found.push(value);
    }
    if (!outcome.interrupted) return found;
  }
  throw new DumpInterruptedError(
    `cannot ${what}: it changed while it was read, ${TRIES} times in a row`,
    found,
    { request, hint: 'error.partial holds what the last try read' },
  );
}
