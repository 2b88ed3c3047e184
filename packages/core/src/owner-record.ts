import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import native from '@netloom/native';
import { NetloomError } from './errors.js';

/** What is written about an owner, so that another process can prove that it is dead. */
export interface OwnerRecord {
  readonly version: 1;
  readonly owner: string;
  /** /proc/sys/kernel/random/boot_id: pids mean nothing after a reboot. */
  readonly bootId: string;
  /** Inode of the pid namespace: a pid means nothing in another one. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** Clock ticks since boot at which the process started: tells a reused pid. */
  readonly startTime: string;
  /** The program, for people. */
  readonly program: string;
}

/** `alive`, proven `dead`, or `unknown`: no record, or its process lives in another pid namespace. */
export type OwnerState = 'alive' | 'dead' | 'unknown';

/** `/run/netloom` for root, else below $XDG_RUNTIME_DIR or the temporary folder. */
export function runDirectory(): string {
  const { NETLOOM_RUN_DIR, XDG_RUNTIME_DIR } = process.env;
  if (NETLOOM_RUN_DIR !== undefined && NETLOOM_RUN_DIR !== '') return NETLOOM_RUN_DIR;
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return '/run/netloom';
  if (XDG_RUNTIME_DIR !== undefined && XDG_RUNTIME_DIR !== '') return join(XDG_RUNTIME_DIR, 'netloom');
  return join(tmpdir(), `netloom-${uid}`);
}

const recordPath = (owner: string) => join(runDirectory(), 'owners', `${owner}.json`);

/** Writes the record and holds its lock; the lock falls with the process, however it ends. */
export function writeRecord(owner: string): { fd: number; remove: () => void } {
  const directory = join(runDirectory(), 'owners');
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  // A folder that we chose in /tmp could be somebody else's trap; one that was named is the caller's word.
  const { uid } = statSync(directory);
  if (directory.startsWith(tmpdir()) && !process.env['NETLOOM_RUN_DIR'] && uid !== process.getuid?.()) {
    throw new NetloomError('ERR_NETLOOM_RUN_DIR', `cannot use ${directory}: it belongs to uid ${uid}`, {
      hint: 'set NETLOOM_RUN_DIR to a folder of your own',
    });
  }
  const path = recordPath(owner);
  const fd = openSync(path, 'wx', 0o644);
  const record: OwnerRecord = {
    version: 1,
    owner,
    bootId: bootId(),
    pidNamespace: pidNamespace(),
    pid: process.pid,
    startTime: startTime(process.pid) ?? '0',
    program: process.argv.slice(0, 3).join(' '),
  };
  // Locked before it says anything: nobody sees a record without its lock and takes the owner for dead.
  native.tryLock(fd);
  writeSync(fd, `${JSON.stringify(record)}\n`);
  return {
    fd,
    remove: () => {
      removeRecord(owner);
      closeSync(fd);
    },
  };
}

/** The owners whose records were written more than so many seconds ago. */
export function recordsOlderThan(seconds: number): string[] {
  const directory = join(runDirectory(), 'owners');
  try {
    return readdirSync(directory).flatMap((name) => {
      const owner = /^([0-9a-f]{16})\.json$/.exec(name)?.[1];
      const written = statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN;
      return owner !== undefined && Date.now() - written > seconds * 1000 ? [owner] : [];
    });
  } catch {
    // No such folder: nobody has a record.
    return [];
  }
}

export function removeRecord(owner: string): void {
  try {
    unlinkSync(recordPath(owner));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

export function readRecord(owner: string): OwnerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordPath(owner), 'utf8')) as OwnerRecord;
    return record.owner === owner && isWhole(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Half a record proves nothing: a boot id that is missing is not another boot. */
function isWhole({ version, bootId, pidNamespace, pid, startTime }: OwnerRecord): boolean {
  const texts = [bootId, pidNamespace, startTime] as readonly unknown[];
  return (
    version === 1 && Number.isInteger(pid) && texts.every((text) => typeof text === 'string' && text !== '')
  );
}

export function ownerState(owner: string): OwnerState {
  const record = readRecord(owner);
  if (record === undefined) return 'unknown';
  if (record.bootId !== bootId()) return 'dead';
  if (record.pidNamespace !== pidNamespace()) return 'unknown';
  if (isLocked(owner)) return 'alive';
  return startTime(record.pid) === record.startTime ? 'alive' : 'dead';
}

function isLocked(owner: string): boolean {
  let fd: number;
  try {
    fd = openSync(recordPath(owner), 'r');
  } catch {
    return false;
  }
  try {
    return !native.tryLock(fd);
  } finally {
    closeSync(fd);
  }
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

export function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and parentheses. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds nothing any more.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
