import { randomBytes } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { ArgumentError, checkOptions, type NicBackend } from '@netloom/core';
import type { QemuNic, QemuOptions, QemuShutdown } from './qemu-options.js';

/** Options that were checked and completed: what the command line is made from. Paths are absolute. */
export interface QemuConfig {
  name: string;
  binary: string;
  machine: string;
  accel: 'auto' | 'kvm' | 'tcg';
  cpu: string;
  memory: string;
  smp: number;
  kernel?: string;
  initrd?: string;
  append?: string;
  nics: readonly NicConfig[];
  hotplugPorts: number;
  console?: string | Writable;
  noReboot: boolean;
  extraArgs: readonly string[];
  /** False: no mark. Undefined: one of the process's own. */
  owner?: string | false;
  shutdown: { powerdown: number; quit: number; term: number };
}

export interface NicConfig {
  id: string;
  backend: NicBackend;
  mac: string;
  hostMtu?: number;
  romfile: string;
}

const OPTION_NAMES = [
  'name',
  'binary',
  'machine',
  'accel',
  'cpu',
  'memory',
  'smp',
  'kernel',
  'initrd',
  'append',
  'nics',
  'hotplugPorts',
  'console',
  'noReboot',
  'extraArgs',
  'owner',
  'shutdown',
  'signal',
] satisfies (keyof QemuOptions)[];
const NIC_NAMES = ['backend', 'mac', 'hostMtu', 'romfile'] satisfies (keyof QemuNic)[];
const SHUTDOWN_NAMES = ['powerdown', 'quit', 'term'] satisfies (keyof QemuShutdown)[];

/** Checks every option before anything starts. Throws ArgumentError. */
export function checkQemuOptions(options: QemuOptions): QemuConfig {
  checkOptions(options, OPTION_NAMES, '');
  const machine = word('machine', options.machine, 'q35', /^[A-Za-z0-9_.-]{1,64}$/);
  const q35 = /^(pc-)?q35/.test(machine);
  const config: QemuConfig = {
    name: word('name', options.name, 'vm', /^[A-Za-z0-9_.-]{1,64}$/),
    binary: text('binary', options.binary ?? 'qemu-system-x86_64'),
    machine,
    accel: oneOf('accel', options.accel ?? 'auto', ['auto', 'kvm', 'tcg']),
    cpu: word('cpu', options.cpu, 'max', /^[A-Za-z0-9_.+=,-]{1,1024}$/),
    memory: memorySize(options.memory ?? '256M'),
    smp: integer('smp', options.smp ?? 1, 1, 255),
    nics: nicConfigs(options.nics ?? []),
    hotplugPorts: integer('hotplugPorts', options.hotplugPorts ?? (q35 ? 4 : 0), 0, 16),
    noReboot: boolean('noReboot', options.noReboot ?? false),
    extraArgs: list('extraArgs', options.extraArgs ?? []).map((arg, i) => text(`extraArgs[${i}]`, arg)),
    shutdown: shutdownGrants(options.shutdown ?? {}),
  };
  if (config.hotplugPorts > 0 && !q35) {
    throw new ArgumentError('hotplugPorts', `machine '${machine}' has no PCIe root ports`, {
      hint: "use machine 'q35'",
    });
  }
  if (options.owner === false) config.owner = false;
  else if (options.owner !== undefined) {
    config.owner = word('owner', options.owner, '', /^netloom-[A-Za-z0-9_.-]{1,119}$/);
  }
  if (options.kernel !== undefined) config.kernel = readable('kernel', options.kernel);
  for (const name of ['initrd', 'append'] as const) {
    if (options[name] !== undefined && options.kernel === undefined) {
      throw new ArgumentError(name, 'has a meaning only with a kernel', { hint: "give 'kernel' too" });
    }
  }
  if (options.initrd !== undefined) config.initrd = readable('initrd', options.initrd);
  if (options.append !== undefined) config.append = text('append', options.append, true);
  if (options.console !== undefined) config.console = consoleTarget(options.console);
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new ArgumentError('signal', 'not an AbortSignal');
  }
  return config;
}

function nicConfigs(nics: readonly QemuNic[]): NicConfig[] {
  const configs = list('nics', nics).map((nic, index) => nicConfig(nic, index));
  for (const [index, { mac }] of configs.entries()) {
    const first = configs.findIndex((other) => other.mac === mac);
    if (first !== index) throw new ArgumentError(`nics[${index}].mac`, `nics[${first}] has ${mac} already`);
  }
  // Two cards on one queue would take each other's frames.
  for (const [index, { backend }] of configs.entries()) {
    const first = configs.findIndex((other) => other.backend.fds.some((fd) => backend.fds.includes(fd)));
    if (first !== index) {
      throw new ArgumentError(`nics[${index}].backend`, `nics[${first}] has ${backend.ifname} already`, {
        hint: 'a TAP serves one card: createTap() makes another',
      });
    }
  }
  return configs;
}

function nicConfig(nic: QemuNic, index: number): NicConfig {
  const path = `nics[${index}]`;
  checkOptions(nic, NIC_NAMES, path);
  checkBackend(nic.backend, `${path}.backend`);
  const config: NicConfig = {
    id: `nic${index}`,
    backend: nic.backend,
    mac: nic.mac === undefined ? randomMac() : macAddress(`${path}.mac`, nic.mac),
    romfile: nic.romfile === undefined ? '' : readable(`${path}.romfile`, nic.romfile),
  };
  if (nic.hostMtu !== undefined) config.hostMtu = integer(`${path}.hostMtu`, nic.hostMtu, 68, 65535);
  return config;
}

function checkBackend(backend: NicBackend, path: string): void {
  if (typeof backend !== 'object' || backend === null || backend.type !== 'tap') {
    throw new ArgumentError(path, 'not a back-end of a vNIC', { hint: 'pass what createTap() gives' });
  }
  const fds = [...list(`${path}.fds`, backend.fds), ...list(`${path}.vhostFds`, backend.vhostFds)];
  if (backend.fds.length === 0) throw new ArgumentError(`${path}.fds`, 'no queue: is the TAP closed?');
  if (!fds.every((fd) => Number.isInteger(fd) && fd >= 0)) {
    throw new ArgumentError(`${path}.fds`, 'not open descriptors: is the TAP closed?');
  }
  if (backend.vhostFds.length !== 0 && backend.vhostFds.length !== backend.fds.length) {
    const counts = `${backend.vhostFds.length} for ${backend.fds.length} queues`;
    throw new ArgumentError(`${path}.vhostFds`, `one for each queue or none, not ${counts}`);
  }
}

function macAddress(field: string, value: string): string {
  const mac = text(field, value).toLowerCase();
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) {
    throw new ArgumentError(field, `'${value}' is not six bytes such as 52:54:00:00:00:01`);
  }
  if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 || mac === '00:00:00:00:00:00') {
    throw new ArgumentError(field, `'${value}' is not a unicast address`, {
      hint: '52:54:00:… is QEMU’s own',
    });
  }
  return mac;
}

/** QEMU's default would be the same address in every VM, which a shared bridge cannot bear. */
function randomMac(): string {
  return `52:54:00:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}

function memorySize(value: string): string {
  const match = typeof value === 'string' ? /^([1-9]\d{0,7})([MG])$/.exec(value) : null;
  const mebibytes = match === null ? 0 : Number(match[1]) * (match[2] === 'G' ? 1024 : 1);
  if (mebibytes < 1 || mebibytes > 16384 * 1024) {
    throw new ArgumentError('memory', `'${value}' is not a size from 1M to 16384G`, {
      hint: "a number and 'M' or 'G', such as '512M'",
    });
  }
  return value;
}

function shutdownGrants(shutdown: QemuShutdown): QemuConfig['shutdown'] {
  checkOptions(shutdown, SHUTDOWN_NAMES, 'shutdown');
  const seconds = (name: keyof QemuShutdown, fallback: number): number => {
    const value = shutdown[name] ?? fallback;
    if (typeof value === 'number' && value >= 0 && value <= 86400) return value;
    throw new ArgumentError(`shutdown.${name}`, `${String(value)} is not 0 to 86400 seconds`);
  };
  return { powerdown: seconds('powerdown', 3), quit: seconds('quit', 3), term: seconds('term', 2) };
}

function consoleTarget(value: string | Writable): string | Writable {
  if (typeof value === 'string') return resolve(text('console', value));
  if (typeof value === 'object' && value !== null && typeof value.write === 'function') return value;
  throw new ArgumentError('console', 'neither a path nor a writable stream');
}

function readable(field: string, value: string): string {
  const path = resolve(text(field, value));
  try {
    accessSync(path, constants.R_OK);
    if (statSync(path).isDirectory()) throw new ArgumentError(field, `'${value}' is a directory`);
  } catch (cause) {
    if (cause instanceof ArgumentError) throw cause;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new ArgumentError(field, `cannot read '${value}'`, { kernelMessage: words, cause });
  }
  return path;
}

function word(field: string, value: string | undefined, fallback: string, pattern: RegExp): string {
  const given = value ?? fallback;
  if (typeof given === 'string' && pattern.test(given)) return given;
  throw new ArgumentError(field, `'${given}' does not match ${pattern.source}`);
}

function text(field: string, value: string, mayBeEmpty = false): string {
  if (typeof value !== 'string') throw new ArgumentError(field, 'not a string');
  if (value.includes('\0')) throw new ArgumentError(field, 'has a zero byte');
  if (value === '' && !mayBeEmpty) throw new ArgumentError(field, 'empty');
  return value;
}

function list<T>(field: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) throw new ArgumentError(field, 'not an array');
  return value;
}

function boolean(field: string, value: boolean): boolean {
  if (typeof value !== 'boolean') throw new ArgumentError(field, 'neither true nor false');
  return value;
}

function integer(field: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new ArgumentError(field, `${String(value)} is not a whole number from ${min} to ${max}`);
}

function oneOf<T extends string>(field: string, value: T, values: readonly T[]): T {
  if (values.includes(value)) return value;
  throw new ArgumentError(field, `'${value}' is none of ${values.join(', ')}`);
}
