import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import native from '@netloom/native';
import { NetloomError } from './errors.js';
import { makeOwnersDirectory, runDirectory } from './run-directory.js';

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

const recordPath = (owner: string) => join(runDirectory(), 'owners', `${owner}.json`);
/** Says since when an owner is known to be dead. */
const deathPath = (owner: string) => join(runDirectory(), 'owners', `${owner}.dead`);

/** A record that its owner holds. */
export interface HeldRecord {
  /** Notes a namespace that something of the owner's is in: before it is there. */
  note(netns: bigint): void;
  remove(): void;
}

/** Writes the record and holds its lock; the lock falls with the process, however it ends. */
export function writeRecord(owner: string): HeldRecord {
  makeOwnersDirectory();
  const fd = recording(() => openSync(recordPath(owner), 'wx', 0o644));
  const record: OwnerRecord = {
    version: 1,
    owner,
    bootId: bootId(),
    pidNamespace: pidNamespace(),
    pid: process.pid,
    startTime: startTime(process.pid) ?? '0',
    program: process.argv.slice(0, 3).join(' '),
  };
  const remove = () => {
    removeRecord(owner);
    closeSync(fd);
  };
  try {
    // Locked before it says anything: nobody sees a record without its lock and takes the owner for dead.
    native.tryLock(fd);
    writeLine(fd, JSON.stringify(record));
  } catch (error) {
    remove();
    throw error;
  }
  const noted = new Set<bigint>();
  const note = (netns: bigint) => {
    if (noted.has(netns)) return;
    writeLine(fd, `netns ${netns}`);
    noted.add(netns);
  };
  return { note, remove };
}

/** The whole line, or an error: half a line would be no record. */
function writeLine(fd: number, line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  recording(() => {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
  });
}

function recording<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw new NetloomError('ERR_NETLOOM_RUN_DIR', `cannot record the owner: ${(cause as Error).message}`, {
      field: 'NETLOOM_RUN_DIR',
      hint: 'nothing was made: what cannot be recorded could not be cleaned up after a crash',
      cause,
    });
  }
}

/** The owners that have a record here. */
export function recordedOwners(): string[] {
  try {
    const names = readdirSync(join(runDirectory(), 'owners'));
    return names.flatMap((name) => /^([0-9a-f]{16})\.json$/.exec(name)?.[1] ?? []);
  } catch {
    // No such folder: nobody has a record.
    return [];
  }
}

/** Inodes of the namespaces that an owner put something into. */
export function namespacesOf(owner: string): bigint[] {
  return readLines(owner).flatMap((line) => (/^netns [0-9]+$/.test(line) ? [BigInt(line.slice(6))] : []));
}

/** Seconds since an owner was first seen dead; the first look starts the count. */
export function secondsDead(owner: string): number {
  const path = deathPath(owner);
  const seen = statSync(path, { throwIfNoEntry: false });
  if (seen === undefined) writeFileSync(path, '');
  return seen === undefined ? 0 : (Date.now() - seen.mtimeMs) / 1000;
}

function readLines(owner: string): string[] {
  try {
    return readFileSync(recordPath(owner), 'utf8').split('\n');
  } catch {
    return [];
  }
}

export function removeRecord(owner: string): void {
  rmSync(recordPath(owner), { force: true });
  rmSync(deathPath(owner), { force: true });
}

export function readRecord(owner: string): OwnerRecord | undefined {
  try {
    const record = JSON.parse(readLines(owner)[0] ?? '') as OwnerRecord;
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
  // In this very process only a thread that has ended lets go of its lock.
  if (record.pid === process.pid && startTime(record.pid) === record.startTime) return 'dead';
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
