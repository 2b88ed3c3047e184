import type { NicConfig, QemuConfig } from './config.js';

/** Descriptors in the child that are always there: node makes a private socket pair for each. */
export const QMP_FD = 3;
export const CONSOLE_FD = 4;
const FIRST_NIC_FD = 5;

/** A command line as data: the arguments, and our descriptors that stand at 5, 6, … in the child. */
export interface QemuCommand {
  args: readonly string[];
  fds: readonly number[];
}

/** The command line for checked options. Pure: nothing is opened or looked up. */
export function qemuCommand(config: QemuConfig): QemuCommand {
  const fds: number[] = [];
  // The child's number follows from the place in stdio. Each gets a place of its own: QEMU closes what it is given.
  const inherit = (fd: number): number => FIRST_NIC_FD + fds.push(fd) - 1;
  const args = [
    ['-name', `guest=${config.name},debug-threads=on`],
    config.owner === undefined || config.owner === false ? [] : ['-chardev', `null,id=${config.owner}`],
    ['-nodefaults', '-no-user-config', '-display', 'none'],
    config.noReboot ? ['-no-reboot'] : [],
    ['-machine', `${config.machine},memory-backend=mem`],
    accelArguments(config.accel),
    ['-cpu', config.cpu, '-smp', String(config.smp), '-m', config.memory],
    // Shared memfd: a vhost-user back-end needs it, and QEMU notices its absence only when the NIC is dead.
    ['-object', `memory-backend-memfd,id=mem,size=${config.memory},share=on`],
    ['-chardev', `socket,id=qmp,fd=${QMP_FD}`, '-mon', 'chardev=qmp,mode=control'],
    ['-chardev', `socket,id=console0,fd=${CONSOLE_FD}`, '-serial', 'chardev:console0'],
    bootArguments(config),
    ...config.nics.map((nic) => nicArguments(nic, inherit)),
    ...Array.from({ length: config.hotplugPorts }, (_, i) => rootPortArguments(i)),
    config.extraArgs,
  ].flat();
  return { args, fds };
}

function accelArguments(accel: QemuConfig['accel']): string[] {
  const kvm = ['-accel', 'kvm'];
  const tcg = ['-accel', 'tcg,thread=multi'];
  if (accel === 'auto') return [...kvm, ...tcg];
  return accel === 'kvm' ? kvm : tcg;
}

/** A free root port: the only place of q35 that a card can be plugged into later. */
function rootPortArguments(index: number): string[] {
  return ['-device', `pcie-root-port,id=hotplug${index},chassis=${index + 1},slot=${index + 1}`];
}

function bootArguments({ kernel, initrd, append }: QemuConfig): string[] {
  return [
    ...(kernel === undefined ? [] : ['-kernel', kernel]),
    ...(initrd === undefined ? [] : ['-initrd', initrd]),
    ...(append === undefined ? [] : ['-append', append]),
  ];
}

function nicArguments(nic: NicConfig, inherit: (fd: number) => number): string[] {
  const { fds, vhostFds } = nic.backend;
  const netdev = [`tap,id=${nic.id}-netdev`, `fds=${fds.map(inherit).join(':')}`];
  if (vhostFds.length > 0) netdev.push('vhost=on', `vhostfds=${vhostFds.map(inherit).join(':')}`);
  const device = [`virtio-net-pci,id=${nic.id}`, `netdev=${nic.id}-netdev`, `mac=${nic.mac}`];
  device.push(`romfile=${escapeValue(nic.romfile)}`);
  if (fds.length > 1) device.push('mq=on'); // vectors: QEMU takes 2 * queues + 2 by itself since 6.0
  if (nic.hostMtu !== undefined) device.push(`host_mtu=${nic.hostMtu}`);
  return ['-netdev', netdev.join(','), '-device', device.join(',')];
}

/** A comma inside a value of QEMU's `a=b,c=d` lists is written twice. */
function escapeValue(value: string): string {
  return value.replaceAll(',', ',,');
}

/** A command as one line that a shell reads back to the same words. */
export function shellLine(words: readonly string[]): string {
  return words
    .map((w) => (/^[A-Za-z0-9_/.,:=+@%-]+$/.test(w) ? w : `'${w.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
