import type { TunQueue } from '@netloom/native';
import {
  ArgumentError,
  type Cancellable,
  checkBoolean,
  checkIfname,
  checkInteger,
  checkNetns,
  checkOptions,
  chooseIfindex,
  createMark,
  LINK_SETTINGS,
  LinkHandle,
  type LinkSettings,
  markLink,
  type Netns,
  parsePrefix,
  releaseMark,
} from '@netloom/core';
import { explain } from './explain.js';
import {
  IFF_MULTI_QUEUE,
  IFF_NO_PI,
  IFF_TAP,
  IFF_TUN_EXCL,
  IFF_VNET_HDR,
  offloadBits,
  type TunOffloads,
} from './tun-flags.js';

/** What TAP and TUN devices have in common. */
export interface TunDeviceOptions extends LinkSettings, Cancellable {
  /** Queues, 1 to 256; each is a descriptor. More than one makes a multi-queue device. Default 1. */
  queues?: number;
  /** Frames carry a virtio-net header (IFF_VNET_HDR). */
  vnetHeader?: boolean;
  /** Bytes of that header, 10 to 64; 12 is what virtio 1 uses. */
  vnetHeaderSize?: number;
  /** What the reader of the device accepts; needs `vnetHeader`. */
  offloads?: TunOffloads;
  /** Addresses, `10.9.0.1/24`. */
  addresses?: readonly string[];
  /** The device outlives its descriptors, until it is removed. Default false. */
  persist?: boolean;
  /** The user id that may open a persistent device without CAP_NET_ADMIN. */
  owner?: number;
  /** The same for a group id. */
  ownerGroup?: number;
}

const OWN_NAMES = [
  'queues',
  'vnetHeader',
  'vnetHeaderSize',
  'offloads',
  'addresses',
  'persist',
  'owner',
  'ownerGroup',
  'signal',
];
const LINK_NAMES: readonly string[] = LINK_SETTINGS;

/** An open device: its link, and the descriptors of its queues. */
export interface TunDevice {
  readonly handle: LinkHandle;
  readonly queues: readonly TunQueue[];
}

/** Bad input fails before anything changes. */
export function checkDeviceOptions(options: TunDeviceOptions): void {
  checkOptions(options, [...OWN_NAMES, ...LINK_NAMES]);
  const { ifname, queues, vnetHeader, vnetHeaderSize, offloads, addresses, persist, owner, ownerGroup } =
    options;
  if (ifname !== undefined) checkIfname('ifname', ifname);
  if (queues !== undefined) checkInteger('queues', queues, 1, 256);
  if (vnetHeader !== undefined) checkBoolean('vnetHeader', vnetHeader);
  if (persist !== undefined) checkBoolean('persist', persist);
  if (vnetHeaderSize !== undefined) checkInteger('vnetHeaderSize', vnetHeaderSize, 10, 64);
  if (owner !== undefined) checkInteger('owner', owner, 0, 0xffff_fffe);
  if (ownerGroup !== undefined) checkInteger('ownerGroup', ownerGroup, 0, 0xffff_fffe);
  for (const [i, address] of (addresses ?? []).entries()) parsePrefix(`addresses[${i}]`, address);
  if (vnetHeader === false && (vnetHeaderSize !== undefined || offloads !== undefined)) {
    throw new ArgumentError(offloads === undefined ? 'vnetHeaderSize' : 'offloads', 'needs vnetHeader');
  }
  const bits = offloadBits(offloads ?? {});
  if (bits !== 0 && (bits & 1) === 0) throw new ArgumentError('offloads.csum', 'the other offloads need it');
}

/**
 * Makes a TUN or TAP device with all its queues, marks it, and sets up its link. It is not persistent until
 * all that worked, so that a crash on the way leaves nothing; a failure undoes itself.
 */
export async function openDevice(netns: Netns, type: number, options: TunDeviceOptions): Promise<TunDevice> {
  checkNetns('netns', netns);
  checkDeviceOptions(options);
  options.signal?.throwIfAborted();
  const mark = createMark(netns.identity.ino);
  const queues: TunQueue[] = [];
  let handle: LinkHandle | undefined;
  try {
    const ifindex = openQueues(netns, type, options, queues);
    handle = new LinkHandle(netns, await netns.run(markLink(ifindex, mark)), mark);
    setUpQueues(queues, options);
    await setUpLink(netns, handle, options);
    options.signal?.throwIfAborted();
    return { handle, queues };
  } catch (error) {
    try {
      if (handle === undefined) releaseMark();
      else await handle.remove();
    } finally {
      for (const queue of queues) queue.close();
    }
    throw await explain(error, netns, type === IFF_TAP ? 'TAP' : 'TUN', options.ifname);
  }
}

function openQueues(netns: Netns, type: number, options: TunDeviceOptions, queues: TunQueue[]): number {
  const { ifname = '', queues: count = 1, vnetHeader = true } = options;
  const flags = type | IFF_NO_PI | (vnetHeader ? IFF_VNET_HDR : 0) | (count > 1 ? IFF_MULTI_QUEUE : 0);
  const ifindex = chooseIfindex();
  const first = netns.opener.openTun({ ifname, flags: flags | IFF_TUN_EXCL, ifindex });
  queues.push(first);
  while (queues.length < count)
    queues.push(netns.opener.openTun({ ifname: first.ifname, flags, ifindex: 0 }));
  return ifindex;
}

function setUpQueues(queues: readonly TunQueue[], options: TunDeviceOptions): void {
  const { vnetHeaderSize, offloads, owner, ownerGroup, persist } = options;
  const [first] = queues;
  if (first === undefined) return;
  // Header size and offloads belong to the device, not to the queue.
  if (vnetHeaderSize !== undefined) first.setVnetHeaderSize(vnetHeaderSize);
  if (offloads !== undefined) first.setOffload(offloadBits(offloads));
  if (owner !== undefined) first.setOwner(owner);
  if (ownerGroup !== undefined) first.setGroup(ownerGroup);
  if (persist === true) first.setPersist(true);
}

async function setUpLink(netns: Netns, handle: LinkHandle, options: TunDeviceOptions): Promise<void> {
  const settings = Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) => LINK_NAMES.includes(name) && name !== 'ifname' && value !== undefined,
    ),
  );
  if (Object.keys(settings).length > 0) await handle.set(settings);
  for (const address of options.addresses ?? []) await netns.addresses.add({ link: handle, address });
}
