import type { Netns } from '@netloom/core';
import { openDevice, type TunDeviceOptions } from './tun-device.js';
import { IFF_TUN } from './tun-flags.js';
import { TunLink } from './tun-link.js';

/** A TUN to be made. `vnetHeader` is off unless it is switched on. */
export interface TunOptions extends Omit<TunDeviceOptions, 'address' | 'broadcast' | 'master'> {}

/** Creates a TUN: packets without a link layer. It dies with its last descriptor unless it is persistent. */
export async function createTun(netns: Netns, options: TunOptions = {}): Promise<Tun> {
  const { handle, queues } = await openDevice(netns, IFF_TUN, { vnetHeader: false, ...options });
  return new Tun(netns, handle, queues);
}

/** A TUN device: layer 3 in and out of a program. */
export class Tun extends TunLink {
  readonly type = 'tun' as const;
}
