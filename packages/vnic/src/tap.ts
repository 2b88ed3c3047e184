import type { TunQueue } from '@netloom/native';
import type { LinkHandle, Netns, TapBackend } from '@netloom/core';
import { openDevice, type TunDeviceOptions } from './tun-device.js';
import { IFF_TAP } from './tun-flags.js';
import { TunLink } from './tun-link.js';

/** A TAP to be made. `vnetHeader` is on unless it is switched off: a VMM's virtio-net wants it. */
export interface TapOptions extends TunDeviceOptions {}

/**
 * Creates a TAP: the host's end of a VM's vNIC. The name has to be free (EEXIST). It dies with its last
 * descriptor unless it is persistent. Without `addrGenMode` it takes no IPv6 address of its own: a guest
 * must not reach the host through the back of its own port.
 */
export async function createTap(netns: Netns, options: TapOptions = {}): Promise<Tap> {
  const { handle, queues } = await openDevice(netns, IFF_TAP, { addrGenMode: 1, ...options });
  return new Tap(netns, handle, queues, options.vnetHeader ?? true);
}

/** A TAP vNIC, to be handed to a VMM as descriptors. */
export class Tap extends TunLink implements TapBackend {
  readonly type = 'tap' as const;
  readonly vnetHeader: boolean;
  /** None yet: frames are pumped by the VMM. */
  readonly vhostFds: readonly number[] = [];

  /** Made by `createTap`. */
  constructor(netns: Netns, handle: LinkHandle, queues: readonly TunQueue[], vnetHeader: boolean) {
    super(netns, handle, queues);
    this.vnetHeader = vnetHeader;
  }
}
