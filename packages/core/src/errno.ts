import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

const NAMES = new Map(
  Object.entries(constants.errno).map(([name, number]): [number, string] => [number, name]),
);
// Two names share a number on Linux; these are the ones that the kernel's sources use.
NAMES.set(11, 'EAGAIN');
NAMES.set(95, 'EOPNOTSUPP');

/** 17 → `EEXIST`; a number without a name → `E524`. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

/** What strerror says, in lower case: `file already exists`. */
export function errnoText(errno: number): string {
  return TEXTS.get(errno) ?? getSystemErrorMap().get(-errno)?.[1] ?? errnoName(errno);
}

/** What libuv's map leaves out, or words for sockets only. */
const TEXTS = new Map<number, string>([
  [16, 'device or resource busy'],
  [33, 'argument out of domain'],
  [61, 'no data available'],
  [95, 'operation not supported'],
  [113, 'no route to host'],
  [524, 'operation not supported by the kernel'],
]);
