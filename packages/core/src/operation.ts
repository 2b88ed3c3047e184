import type { Outcome, RequestBatch } from './netlink/exchange.js';

/** One round of an operation: requests that it adds to a batch; the outcomes come back to it. */
export type Step = (batch: RequestBatch) => void;

/** Long work in JavaScript goes on after other events had their turn. */
export const PAUSE = Symbol('pause');

/**
 * What a call does, written once for both faces: a generator that yields requests and receives outcomes.
 * The promise face sends them from a request thread, the synchronous face at once.
 */
export type Operation<T> = Generator<Step | typeof PAUSE, T, readonly Outcome[]>;

/** Sends one step of an operation: `const [created] = yield* ask((batch) => batch.add(…))`. */
export function* ask(step: Step): Operation<readonly Outcome[]> {
  return yield step;
}

/** The outcome at a place where the step put a request: it is there by construction. */
export function outcomeAt(outcomes: readonly Outcome[], index: number): Outcome {
  const outcome = outcomes[index];
  if (outcome === undefined) throw new Error(`no outcome for request ${index} of ${outcomes.length}`);
  return outcome;
}
