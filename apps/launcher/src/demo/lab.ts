import { randomBytes } from 'node:crypto';
import { type Bridge, createBridge } from '@netloom/bridge';
import { NetloomError, type Netns, overlaps, parsePrefix } from '@netloom/core';
import { launchQemu, type QemuVm } from '@netloom/qemu';
import { createTap, type Tap } from '@netloom/vnic';
import { chooseIpv4, chooseIpv6, type Subnet, takenPrefixes } from '../free-subnet.js';
import { type GuestImage, guestCommandLine } from '../guest/index.js';

/** Subnets that are tried when others take the same ones. */
const TRIES = 8;

/** A VM of the demo: its port on the host, and what it is called and addressed as. */
export interface DemoVm {
  readonly name: string;
  readonly mac: string;
  readonly ip4: string;
  readonly ip6: string;
  tap?: Tap;
  vm?: QemuVm;
}

/** Two VMs on one bridge. What it creates it removes, in the reverse order, however far it came. */
export class DemoLab {
  readonly vms: readonly [DemoVm, DemoVm];
  bridge: Bridge | undefined;
  ip4: Subnet | undefined;
  ip6: Subnet | undefined;
  readonly #host: Netns;
  readonly #ending = new AbortController();
  readonly #launching: Promise<QemuVm>[] = [];
  readonly #undo: { what: string; run: () => Promise<unknown> }[] = [];

  constructor(host: Netns) {
    this.#host = host;
    this.vms = [blank('alice'), blank('bob')];
  }

  /** A bridge with the host's addresses in two subnets that no route of the host covers. */
  async createNetwork(): Promise<Bridge> {
    // Two demos may choose at once: whoever sees the other's route after setting its own chooses again.
    for (let tries = 1; ; tries++) {
      const taken = await takenPrefixes(this.#host);
      const ip4 = chooseIpv4(taken);
      const ip6 = chooseIpv6(taken);
      const bridge = await createBridge(this.#host, {
        ifname: 'nlbr%d',
        up: true,
        // A guest's first frames are not held back for the listening and learning states.
        stpState: 0,
        forwardDelay: 0,
        mcastSnooping: false,
        // A fixed address: without one the bridge takes that of its lowest port, and changes with its ports.
        address: randomMac(),
        // The link-local address would wait for duplicate address detection; nobody uses it here.
        addrGenMode: 1,
        addresses: [ip4.host(1), { address: ip6.host(1), nodad: true }],
      });
      const undo = { what: `bridge ${bridge.ifname}`, run: () => bridge.remove() };
      this.#undo.push(undo);
      const others = await takenPrefixes(this.#host, bridge.ifindex);
      const mine = [parsePrefix('subnet', ip4.prefix), parsePrefix('subnet', ip6.prefix)];
      const clash = mine.some((prefix) => others.some((other) => overlaps(prefix, other)));
      if (clash) {
        await bridge.remove();
        this.#undo.splice(this.#undo.indexOf(undo), 1);
        if (tries < TRIES) continue;
        throw new NetloomError(
          'ERR_NETLOOM_SUBNET',
          'cannot find a free subnet: others take each one at once',
          {
            field: 'subnet',
            hint: 'see `ip route show table all`, and try again',
          },
        );
      }
      this.bridge = bridge;
      this.ip4 = ip4;
      this.ip6 = ip6;
      for (const [i, vm] of this.vms.entries()) {
        Object.assign(vm, { ip4: ip4.host(i + 2), ip6: ip6.host(i + 2) });
      }
      return bridge;
    }
  }

  /** A TAP for a VM, plugged into the bridge. */
  async createPort(vm: DemoVm): Promise<Tap> {
    const tap = await createTap(this.#host, { ifname: 'nltap%d', up: true });
    vm.tap = tap;
    this.#undo.push({ what: `TAP ${tap.ifname}`, run: () => tap.remove() });
    await this.bridge?.addPort(tap);
    return tap;
  }

  /** Starts a VM; its guest sets itself up from the kernel's command line. */
  launch(vm: DemoVm, image: GuestImage, options: { memory: string; signal: AbortSignal }): Promise<QemuVm> {
    const signal = AbortSignal.any([options.signal, this.#ending.signal]);
    const launching = this.#launch(vm, image, { ...options, signal });
    this.#launching.push(launching);
    return launching;
  }

  async #launch(
    vm: DemoVm,
    image: GuestImage,
    options: { memory: string; signal: AbortSignal },
  ): Promise<QemuVm> {
    const { tap } = vm;
    if (tap === undefined) throw new Error(`${vm.name} has no port yet`);
    const neighbour = this.vms.find(({ name }) => name !== vm.name);
    const running = await launchQemu({
      name: vm.name,
      kernel: image.kernel,
      initrd: image.initrd,
      append: guestCommandLine({
        name: vm.name,
        mac: vm.mac,
        ip4: vm.ip4,
        ip6: vm.ip6,
        peer4: bare(neighbour?.ip4),
        peer6: bare(neighbour?.ip6),
        host4: bare(this.ip4?.host(1)),
        host6: bare(this.ip6?.host(1)),
      }),
      memory: options.memory,
      nics: [{ backend: tap, mac: vm.mac }],
      noReboot: true,
      // The guest keeps nothing: there is no reason to wait for it to shut down.
      shutdown: { powerdown: 0, quit: 2, term: 2 },
      signal: options.signal,
    });
    vm.vm = running;
    this.#undo.push({
      what: `VM ${vm.name} (process ${running.pid})`,
      run: () => running.remove(),
    });
    return running;
  }

  /** Takes everything away, VMs at once, then ports, then the bridge; returns what could not be removed. */
  async remove(): Promise<{ what: string; error: unknown }[]> {
    const left: { what: string; error: unknown }[] = [];
    // One VM may still be starting while the other's failure ends the demo.
    this.#ending.abort(new Error('the demo ends'));
    await Promise.allSettled(this.#launching);
    await Promise.allSettled(this.vms.map(async ({ vm }) => vm?.remove()));
    for (const { what, run } of this.#undo.splice(0).toReversed()) {
      try {
        await run();
      } catch (error) {
        left.push({ what, error });
      }
    }
    return left;
  }
}

const bare = (prefix: string | undefined) => prefix?.split('/')[0];

const blank = (name: string): DemoVm => ({ name, mac: randomMac(), ip4: '', ip6: '' });

/** QEMU's own prefix, with three random bytes. */
function randomMac(): string {
  return `52:54:00${[...randomBytes(3)].map((byte) => `:${byte.toString(16).padStart(2, '0')}`).join('')}`;
}
