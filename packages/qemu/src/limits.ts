import { ArgumentError, NetloomError } from '@netloom/core';

/** Bounds of one waiting call. */
export interface WaitOptions {
  /** Seconds until the call rejects with `ERR_NETLOOM_TIMEOUT`; `Infinity` waits for ever. */
  timeout?: number | undefined;
  /** Rejects the call with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** setTimeout takes 31 bits of milliseconds; more than that is for ever. */
const MAX_MILLISECONDS = 2 ** 31 - 1;

/**
 * A promise with a time limit and an abort signal. `start` gets the two functions that settle it, and
 * returns what undoes its own listening; that runs once, however the promise ends.
 */
export function waiting<T>(
  options: WaitOptions,
  onTimeout: (seconds: number) => Error,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  const { signal, timeout = Number.POSITIVE_INFINITY } = options;
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortReason(signal));
      return;
    }
    if (!(timeout >= 0)) {
      reject(new ArgumentError('timeout', `${timeout} is not a number of seconds`));
      return;
    }
    let stop: (() => void) | undefined;
    let settled = false;
    const settle = (action: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      stop?.();
      action();
    };
    const onAbort = (): void => settle(() => reject(signal === undefined ? undefined : abortReason(signal)));
    const milliseconds = timeout * 1000;
    const timer =
      milliseconds > MAX_MILLISECONDS
        ? undefined
        : setTimeout(() => settle(() => reject(onTimeout(timeout))), milliseconds);
    signal?.addEventListener('abort', onAbort);
    stop = start(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(asError(error))),
    );
    if (settled) stop();
  });
}

/** Whether the promise settled within so many seconds. Never rejects on its own account. */
export async function within(promise: Promise<unknown>, seconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(seconds * 1000, MAX_MILLISECONDS));
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

export function abortReason(signal: AbortSignal): Error {
  return asError(signal.reason);
}

export function asError(value: unknown): Error {
  return value instanceof Error ? value : new NetloomError('ERR_NETLOOM_ABORTED', String(value));
}
