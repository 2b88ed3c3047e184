import type { Writable } from 'node:stream';
import type { NicBackend } from '@netloom/core';

/** One virtio-net card of a VM. */
export interface QemuNic {
  /**
   * What carries the frames, such as the handle of `createTap()`. QEMU inherits its descriptors; they stay
   * open here as well, and the back-end has to outlive the VM.
   */
  backend: NicBackend;
  /** Unicast hardware address, `52:54:00:00:00:01`. Default: a random one of `52:54:00:…`. */
  mac?: string | undefined;
  /** MTU that the card tells the guest, 68 to 65535 bytes. Default: none told. */
  hostMtu?: number | undefined;
  /** Path of an option ROM for network boot. Default: none, so that firmware does not try to boot from it. */
  romfile?: string | undefined;
}

/** Seconds granted to each stage of `QemuVm.remove()`; 0 skips the stage. SIGKILL comes last, always. */
export interface QemuShutdown {
  /** ACPI power button: only a guest that runs an operating system hears it. Default 3. */
  powerdown?: number | undefined;
  /** QMP `quit`. Default 3. */
  quit?: number | undefined;
  /** SIGTERM. Default 2. */
  term?: number | undefined;
}

/** What `launchQemu()` takes. Every field is optional; an unknown one is an ArgumentError. */
export interface QemuOptions {
  /** Name of the VM, `[A-Za-z0-9_.-]{1,64}`; default `vm`. Seen in `ps` and in error messages. */
  name?: string | undefined;
  /** Program, looked up in PATH when it has no slash. Default `qemu-system-x86_64`. */
  binary?: string | undefined;
  /** Machine type, default `q35`. */
  machine?: string | undefined;
  /**
   * `auto` (default) takes KVM when a probe guest really ran under it, else TCG: /dev/kvm may well open
   * on a host where no guest runs. `kvm` takes KVM or fails. `QemuVm.accel` says what it came to.
   */
  accel?: 'auto' | 'kvm' | 'tcg' | undefined;
  /** CPU model. Default `max`, which both accelerators know (`host` fails under TCG). */
  cpu?: string | undefined;
  /** Guest memory, a number with `M` or `G` (MiB, GiB), 1M to 16384G. Default `256M`. Always a shared memfd. */
  memory?: string | undefined;
  /** Virtual CPUs, 1 to 255. Default 1. */
  smp?: number | undefined;
  /** Linux kernel image (or multiboot), read by QEMU. */
  kernel?: string | undefined;
  /** Initial RAM disk; needs `kernel`. */
  initrd?: string | undefined;
  /** Kernel command line; needs `kernel`. A Linux guest writes to `QemuVm.console` with `console=ttyS0`. */
  append?: string | undefined;
  /** Network cards, in the order in which the guest finds them. */
  nics?: readonly QemuNic[] | undefined;
  /** Spare PCIe root ports for hot-plug, 0 to 16, machine q35 only. Default 4 (0 for other machines). */
  hotplugPorts?: number | undefined;
  /**
   * Where a copy of the first serial port goes: the path of a file (created with mode 0600, emptied if it
   * exists, symbolic links refused) or a stream, which is not ended. A slow stream slows the guest's port down.
   */
  console?: string | Writable | undefined;
  /** End QEMU when the guest reboots. Default false: a reboot reboots. */
  noReboot?: boolean | undefined;
  /** Appended to the command line as they are. QEMU runs in `/`: give absolute paths. */
  extraArgs?: readonly string[] | undefined;
  /**
   * Ownership mark, `netloom-<owner>-<n>`; default: a mark of this process, so that a QEMU that outlives a
   * killed parent is listed by `leftovers()` and ended by `sweep()`. It stands in /proc/PID/cmdline as the id
   * of an unused null chardev, where the guest cannot see it. `false`: no mark; nobody sweeps this VM.
   */
  owner?: string | false | undefined;
  /** Seconds granted to each stage of the VM's end. */
  shutdown?: QemuShutdown | undefined;
  /** Aborts the launch and undoes it; without effect once the VM is there. */
  signal?: AbortSignal | undefined;
}
