import { errnoName, errnoText } from './errno.js';
import { NetlinkError, NetloomError } from './errors.js';
import { hintFor } from './hints.js';
import type { Outcome } from './netlink/exchange.js';

/** What an error needs to know of the request that was refused. */
export interface RequestContext {
  /** After `cannot`: `create bridge br0`. */
  readonly what: string;
  /** `RTM_NEWLINK`. */
  readonly request: string;
  /** The caller's name for a path of attributes; the path itself when left out. */
  readonly field?: (path: readonly string[], words: string) => string | undefined;
  /** The equivalent iproute2 command; made only when an error is thrown. */
  readonly command?: () => string;
  /** A hint that beats the general one. */
  readonly hint?: string | undefined;
}

/** Throws what the kernel refused as an error of ours; returns on success. */
export function expectSuccess(outcome: Outcome, context: RequestContext): void {
  if (outcome.verdict.errno !== 0) throw refusal(outcome, context);
}

export function refusal(outcome: Outcome, context: RequestContext): NetlinkError {
  const { errno, message } = outcome.verdict;
  const code = errnoName(errno);
  const field = context.field?.(outcome.path, message ?? '') ?? (outcome.path.join('.') || undefined);
  return new NetlinkError(code, errno, `cannot ${context.what}: ${message ?? errnoText(errno)}`, {
    field,
    kernelMessage: message,
    hint: context.hint ?? hintFor(code),
    command: context.command?.(),
    request: context.request,
  });
}

/** What native code throws, as an error of ours: `cannot open the namespace red: …`. */
export function fromNative(
  error: unknown,
  what: string,
  details: { field?: string; hint?: string } = {},
): Error {
  if (error instanceof NetloomError || !(error instanceof Error)) return error as Error;
  const { code, errno, syscall } = error as Error & { code?: string; errno?: number; syscall?: string };
  if (code === undefined) return error;
  if (code.startsWith('ERR_NETLOOM')) {
    return new NetloomError(code, `cannot ${what}: ${error.message}`, { cause: error });
  }
  if (errno === undefined || syscall === undefined) return error;
  return new NetloomError(code, `cannot ${what}: ${errnoText(Math.abs(errno))}`, {
    field: details.field,
    request: syscall,
    hint: details.hint ?? hintFor(code),
    cause: error,
  });
}

/** Runs a native call and translates what it throws. */
export function translated<T>(
  call: () => T,
  what: string,
  details: { field?: string; hint?: string } = {},
): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error, what, details);
  }
}
