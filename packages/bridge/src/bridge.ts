import {
  ArgumentError,
  type BridgeSettings,
  type Cancellable,
  checkNetns,
  checkOptions,
  HeldLink,
  type Link,
  type LinkBirth,
  linkOptionNames,
  type LinkRef,
  type LinkSettings,
  type Netns,
  NetloomError,
  parsePrefix,
} from '@netloom/core';
import { addPort, type BridgePort, type BridgePortOptions, listPorts, removePort } from './port.js';

/** A bridge to be made: a link with the bridge's own options, and addresses. Times are seconds. */
export interface BridgeOptions extends Omit<LinkBirth, 'link'>, BridgeSettings, Cancellable {
  /** Addresses of the bridge itself, `192.0.2.1/24`; `{ address, nodad: true }` for IPv6 that works at once. */
  addresses?: readonly (string | { address: string; nodad?: boolean })[];
}

/**
 * Creates a bridge. Owned: disposal removes it. EEXIST when the name is taken, ERR_NETLOOM_IGNORED or
 * EOPNOTSUPP when this kernel lacks an option; then nothing is left behind.
 */
export async function createBridge(netns: Netns, options: BridgeOptions = {}): Promise<Bridge> {
  const { addresses = [], ...link } = options;
  checkBridge(netns, options);
  const handle = await netns.links.create({ ...link, kind: 'bridge' });
  try {
    for (const entry of addresses) {
      const { address, nodad } = typeof entry === 'string' ? { address: entry } : entry;
      await netns.addresses.add({
        link: handle,
        address,
        ...(nodad === undefined ? {} : { nodad }),
        ...(address.includes(':') || !address.includes('/') ? {} : { broadcast: 'auto' }),
      });
    }
    options.signal?.throwIfAborted();
  } catch (error) {
    await handle.remove();
    throw error;
  }
  return new Bridge(netns, handle);
}

/** Bad input fails before anything changes. */
function checkBridge(netns: Netns, options: BridgeOptions): void {
  checkNetns('netns', netns);
  checkOptions(options, ['addresses', 'signal', ...linkOptionNames('bridge')]);
  for (const [i, entry] of (options.addresses ?? []).entries()) {
    parsePrefix(`addresses[${i}]`, typeof entry === 'string' ? entry : entry.address);
  }
}

/** A handle on a bridge that stays when the handle is disposed. */
export async function openBridge(netns: Netns, ref: LinkRef): Promise<Bridge> {
  const handle = await netns.links.open(ref);
  if (handle.kind !== 'bridge') {
    throw new NetloomError(
      'ERR_NETLOOM_KIND',
      `cannot open bridge ${handle.ifname}: it is a ${handle.kind ?? 'device'}`,
      {
        field: 'ref',
        hint: 'netns.links.open opens a link of any kind',
      },
    );
  }
  return new Bridge(netns, handle);
}

/** A Linux bridge: the virtual switch. `get()` shows its options in `data`; removal frees its ports. */
export class Bridge extends HeldLink {
  /** Changes options of the bridge or of its link, and reads them back. */
  set(settings: Omit<LinkSettings, 'master'> & BridgeSettings): Promise<Link> {
    return this.handle.set({ ...settings });
  }

  /**
   * Makes a link a port of this bridge, with the port's options, and returns it as it then stands. EBUSY
   * when it is a port of something else already; then nothing is changed.
   */
  addPort(link: LinkRef, options: BridgePortOptions = {}): Promise<BridgePort> {
    if (isSelf(link, this)) {
      return Promise.reject(new ArgumentError('link', `${this.ifname} cannot be a port of itself`));
    }
    return addPort(this, link, options);
  }

  /** Takes a port out of the bridge; a link that is no port of it, or is gone, is success. */
  removePort(link: LinkRef): Promise<void> {
    return removePort(this, link);
  }

  /** The ports, with their options and state. */
  ports(): Promise<BridgePort[]> {
    return listPorts(this);
  }
}

function isSelf(link: LinkRef, bridge: Bridge): boolean {
  if (typeof link === 'object') return link.ifindex === bridge.ifindex;
  return link === bridge.ifindex || link === bridge.ifname;
}
