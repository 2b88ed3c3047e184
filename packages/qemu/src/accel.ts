import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A probe takes 0.1 s where KVM works. */
const PROBE_SECONDS = 2;
/** isa-debug-exit turns the byte 0x10 that the guest writes into (0x10 << 1) | 1. */
const SUCCESS_STATUS = 33;
const answers = new Map<string, Promise<boolean>>();

/**
 * Whether a guest really runs under KVM here. Opening /dev/kvm proves little, and neither does a QEMU that
 * starts: nested hosts are about whose KVM refuses a register of the CPU model, or runs code and loses the
 * timer's interrupts. So a guest of 138 bytes has to wait for a timer interrupt and report it. Asked once per
 * program and CPU model.
 */
export async function kvmWorks(binary: string, cpu: string): Promise<boolean> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  const key = `${binary}\n${cpu}`;
  let answer = answers.get(key);
  if (answer === undefined) {
    // No room for the probe's file: TCG for now, and asked again the next time.
    answer = probe(binary, cpu).catch(() => !answers.delete(key));
    answers.set(key, answer);
  }
  return await answer;
}

async function probe(binary: string, cpu: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'netloom-kvm-'));
  try {
    const rom = join(folder, 'probe.rom');
    await writeFile(rom, probeRom());
    await using file = await open(rom);
    const child = spawn(binary, probeArguments(cpu), {
      // The ROM by descriptor, in a folder that is gone by then: a kill leaves no file, an abort no core dump.
      stdio: ['ignore', 'ignore', 'ignore', file.fd],
      detached: true,
      cwd: folder,
      env: { LC_ALL: 'C' },
    });
    const ended = probeEnd(child);
    await rm(folder, { recursive: true, force: true });
    return (await ended) === SUCCESS_STATUS;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function probeArguments(cpu: string): string[] {
  return [
    ['-machine', 'q35', '-accel', 'kvm', '-cpu', cpu, '-m', '16M', '-bios', '/proc/self/fd/3'],
    ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'],
  ].flat();
}

/** The exit status; undefined when there was no process, or it had to be killed. */
function probeEnd(child: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), PROBE_SECONDS * 1000);
    child.once('error', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code ?? undefined);
    });
  });
}

/** A BIOS in real mode at F000:FF00, entered from the reset vector at F000:FFF0. */
export function probeRom(): Uint8Array {
  const rom = Buffer.alloc(0x10000, 0xf4);
  const code = [
    [0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x70], // cli; ds = ss = 0; sp = 0x7000
    [0xc7, 0x06, 0x20, 0x00, 0x6f, 0xff], // vector 8: offset ff6f
    [0xc7, 0x06, 0x22, 0x00, 0x00, 0xf0], // vector 8: segment f000
    [0x66, 0x2e, 0x0f, 0x01, 0x16, 0x74, 0xff], // lgdt cs:[ff74]
    [0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0], // protected mode on,
    [0xbb, 0x08, 0x00, 0x8e, 0xc3], // es = 8: all 4 GiB,
    [0x24, 0xfe, 0x0f, 0x22, 0xc0], // and off again, with es as it is
    [0x66, 0xbf, 0xf0, 0x00, 0xe0, 0xfe], // edi = fee000f0
    [0x26, 0x67, 0x66, 0xc7, 0x07, 0xff, 0x01, 0x00, 0x00], // local APIC on
    [0x26, 0x67, 0x66, 0xc7, 0x87, 0x60, 0x02, 0x00, 0x00, 0x00, 0x87, 0x00, 0x00], // LINT0 takes the PIC
    [0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x08, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21], // PIC: ICW1 to ICW3
    [0xb0, 0x01, 0xe6, 0x21, 0xb0, 0xfe, 0xe6, 0x21], // PIC: ICW4; only the timer is unmasked
    [0xb0, 0x34, 0xe6, 0x43, 0xb0, 0x00, 0xe6, 0x40, 0xb0, 0x04, 0xe6, 0x40], // PIT: 1024 ticks of 1.19 MHz
    [0xfb, 0xf4, 0xeb, 0xfd], // sti; hlt for ever
    [0xb0, 0x10, 0xe6, 0xf4, 0xf4], // ff6f, the interrupt: outb(0x10, 0xf4)
    [0x0f, 0x00, 0x7a, 0xff, 0x0f, 0x00], // ff74: limit and address of the descriptors
    [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0], // ff7a: none, flat data
  ];
  Buffer.from(code.flat()).copy(rom, 0xff00);
  Buffer.from([0xe9, 0x0d, 0xff]).copy(rom, 0xfff0); // jmp ff00
  return rom;
}
