import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { basename } from 'node:path';
import { NetloomError } from './errors.js';
import { ownerOf } from './owner.js';
import { startTime } from './owner-record.js';

/** A process that carries an ownership mark in its arguments. */
export interface MarkedProcess {
  readonly pid: number;
  readonly mark: string;
  readonly owner: string;
  /** Clock ticks since boot: with the pid it names one process for good. */
  readonly startTime: string;
  /** The program's name, for people. */
  readonly program: string;
}

/** QEMU carries its mark as the id of a null chardev, which the guest cannot see. */
const OPTION = '-chardev';
const PREFIX = 'null,id=';

/** Processes whose arguments hold a mark; a mark inside a longer text (somebody's grep) does not count. */
export function markedProcesses(): MarkedProcess[] {
  const found: MarkedProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    const marked = readProcess(Number(entry));
    if (marked !== undefined) found.push(marked);
  }
  return found;
}

/** One process for each network namespace that processes are in, as far as the caller may see. */
export function netnsOfProcesses(): { pid: number }[] {
  const byNetns = new Map<string, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    try {
      byNetns.set(readlinkSync(`/proc/${entry}/ns/net`), Number(entry));
    } catch {
      // Gone, or not ours to look at.
    }
  }
  return [...byNetns.values()].map((pid) => ({ pid }));
}

function readProcess(pid: number): MarkedProcess | undefined {
  let words: string[];
  try {
    words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return undefined;
  }
  const argument = words.find((word, i) => word.startsWith(PREFIX) && words[i - 1] === OPTION);
  const mark = argument?.slice(PREFIX.length);
  const owner = mark === undefined ? undefined : ownerOf(mark);
  const started = startTime(pid);
  if (mark === undefined || owner === undefined || started === undefined) return undefined;
  return { pid, mark, owner, startTime: started, program: programOf(pid) };
}

/** The program as the kernel knows it: the arguments are what the process says of itself. */
function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return 'unknown';
  }
}

const isStill = ({ pid, mark, startTime: started }: MarkedProcess) => {
  const now = readProcess(pid);
  return now !== undefined && now.mark === mark && now.startTime === started;
};

/** Ends a process: SIGTERM, two seconds, SIGKILL; and waits until it is gone. */
export async function endProcess(marked: MarkedProcess): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isStill(marked)) return;
    try {
      process.kill(marked.pid, signal);
    } catch (error) {
      const { code = 'EPERM', message } = error as NodeJS.ErrnoException;
      if (code === 'ESRCH') return;
      throw new NetloomError(code, `cannot end process ${marked.pid}: ${message}`, { cause: error });
    }
    // Somebody else's child: the kernel tells us of its end only through /proc.
    for (let waited = 0; waited < 2000 && isStill(marked); waited += 20) await delay(20);
  }
  if (isStill(marked)) {
    throw new NetloomError('EBUSY', `cannot end process ${marked.pid}: it survives SIGKILL`, {
      hint: `it waits in the kernel: see /proc/${marked.pid}/stack`,
    });
  }
}
