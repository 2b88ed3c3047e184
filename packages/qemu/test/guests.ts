import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder that goes with the test file. */
export const folder = mkdtempSync(join(tmpdir(), 'netloom-qemu-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A guest instead of the firmware: greets on COM1, then sends back what it is sent. */
export function echoGuest(greeting: string): string[] {
  const setup = [0xb8, 0x00, 0xf0, 0x8e, 0xd8, 0xbe, 0x40, 0xff, 0xba, 0xf8, 0x03]; // ds:si = f000:ff40; dx = COM1
  const print = [0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8];
  const echo = [0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf8, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xf1];
  return rom([...setup, ...print, ...echo], greeting);
}

/** A guest that writes A without end and without a line end. */
export function floodGuest(): string[] {
  return rom([0xba, 0xf8, 0x03, 0xb0, 0x41, 0xee, 0xeb, 0xfd], '');
}

/** A BIOS of 64 KiB in real mode, its code at f000:ff00, its text at f000:ff40. */
function rom(code: number[], text: string): string[] {
  const image = Buffer.alloc(0x10000);
  image.set(code, 0xff00);
  image.write(`${text}\0`, 0xff40, 'latin1');
  image.set([0xe9, 0x0d, 0xff], 0xfff0); // the reset vector: jmp ff00
  const path = join(folder, `guest-${Math.random().toString(16).slice(2)}.rom`);
  writeFileSync(path, image);
  return ['-bios', path];
}

/** A stand-in for faults that QEMU itself does not show: a shell script. */
export function script(body: string): string {
  const path = join(folder, `fake-${Math.random().toString(16).slice(2)}.sh`);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Answers what a launch asks and nothing more. */
export const FAKE_MONITOR = `
echo '{"QMP": {"version": {}, "capabilities": []}}' >&3
read line <&3; echo '{"return": {}, "id": 1}' >&3
read line <&3; echo '{"return": {"enabled": false, "present": true}, "id": 2}' >&3
read line <&3; echo '{"return": {"qemu": {"major": 1, "minor": 2, "micro": 3}, "package": ""}, "id": 3}' >&3
`;

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Pids of this process's children, zombies included. */
export function children(): string[] {
  const out = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return out.split('\n').filter((line) => line.trim() !== '' && !line.trim().endsWith(' ps'));
}

export function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

export function argv(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
}

export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}
