import { ArgumentError, NetloomError } from '@netloom/core';

/** What the command ended with; scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  /** Failed, the host is as it was. */
  failed: 1,
  usage: 2,
  /** A program, a right or a device is missing. */
  prerequisite: 3,
  /** Failed, and something was left behind: it is listed. */
  leftBehind: 4,
  /** A wait ran out. */
  timeout: 6,
  /** Interrupted, and cleaned up. */
  interrupted: 130,
} as const;

const PREREQUISITES = new Set([
  'EPERM',
  'EACCES',
  'ERR_NETLOOM_PREREQUISITE',
  'ERR_NETLOOM_QEMU_NOT_FOUND',
  'ERR_NETLOOM_NATIVE',
  'ERR_NETLOOM_PLATFORM',
]);

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof NetloomError)) return EXIT.failed;
  if (error instanceof ArgumentError) return EXIT.usage;
  if (PREREQUISITES.has(error.code) || error.field === '/dev/net/tun') return EXIT.prerequisite;
  return error.code === 'ERR_NETLOOM_TIMEOUT' ? EXIT.timeout : EXIT.failed;
}
