import { type BridgePortSettings, type Link, type LinkRef, NetloomError } from '@netloom/core';
import type { Bridge } from './bridge.js';

/** Options of a port, by the kernel's names: `isolated`, `learning`, `unicastFlood`, `cost`, … */
export type BridgePortOptions = BridgePortSettings;

/** BR_STATE_* (linux/if_bridge.h). */
const STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'] as const;

/** A port of a bridge as it stands. */
export interface BridgePort {
  readonly ifindex: number;
  readonly ifname: string;
  /** Spanning tree state; a port without carrier is `disabled`. */
  readonly state: (typeof STATES)[number];
  /** The port's options and counters in the bridge. */
  readonly port: BridgePortSettings;
  readonly link: Link;
}

export function readPort(link: Link): BridgePort {
  const data = link.slaveData === undefined || link.slaveData instanceof Uint8Array ? {} : link.slaveData;
  const port = data as BridgePortSettings;
  return {
    ifindex: link.ifindex,
    ifname: link.ifname,
    state: STATES[port.state ?? 0] ?? 'disabled',
    port,
    link,
  };
}

export async function addPort(bridge: Bridge, ref: LinkRef, options: BridgePortOptions): Promise<BridgePort> {
  const { netns } = bridge;
  const before = await netns.links.get(ref);
  if (before.master !== undefined && before.master !== bridge.ifindex) {
    const other = await netns.links.find(before.master);
    throw new NetloomError(
      'EBUSY',
      `cannot make ${before.ifname} a port of ${bridge.ifname}: it is a port of ${other?.ifname ?? `link ${before.master}`}`,
      {
        field: 'link',
        hint: `take it out first: openBridge(netns, '${other?.ifname ?? before.master}') and removePort('${before.ifname}')`,
        command: `ip link set dev ${before.ifname} nomaster`,
      },
    );
  }
  const handle = await netns.links.open(before);
  try {
    const port = Object.keys(options).length === 0 ? undefined : options;
    if (port === undefined) return readPort(await handle.set({ master: bridge }));
    return readPort(await handle.setPort('bridge', port, { master: bridge }));
  } catch (error) {
    // Half-way: a port whose options were refused is no port.
    if (before.master === undefined) await netns.links.set(before, { master: null }).catch(() => undefined);
    throw error;
  }
}

export async function removePort(bridge: Bridge, ref: LinkRef): Promise<void> {
  const link = await bridge.netns.links.find(ref);
  if (link === undefined || link.master !== bridge.ifindex) return;
  await bridge.netns.links.set(link, { master: null });
}

export async function listPorts(bridge: Bridge): Promise<BridgePort[]> {
  const links = await bridge.netns.links.list({ master: bridge.ifindex });
  return links.map(readPort);
}
