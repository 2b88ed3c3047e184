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
  const fd = openSync(recordPath(owner), 'wx', 0o644);
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
  const noted = new Set<bigint>();
  return {
    note: (netns) => {
      if (noted.has(netns)) return;
      writeSync(fd, `netns ${netns}\n`);
      noted.add(netns);
    },
    remove: () => {
      removeRecord(owner);
      closeSync(fd);
    },
  };
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
