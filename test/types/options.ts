import { type BridgeOptions, createBridge } from '@netloom/bridge';
import type {
  AddressOptions,
  BridgePortSettings,
  LinkSettings,
  Netns,
  NetnsRef,
  NewLink,
  RouteOptions,
} from '@netloom/core';
import { createVeth, type VethEnd } from '@netloom/veth';
import { createTap, type TapOptions } from '@netloom/vnic';
import { check, type Equal } from './expect-type.js';

declare const netns: Netns;
/** Compiles when the argument is of the type; nothing is run. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it is said by the caller
declare function takes<T>(value: T): void;

export async function calls(): Promise<void> {
  // Each kind takes its own options, and all take those of a link.
  await netns.links.create({
    kind: 'bridge',
    ifname: 'br0',
    vlanFiltering: true,
    ageingTime: 12.5,
    up: true,
  });
  await netns.links.create({ kind: 'vxlan', id: 42, port: 4789, link: 'eth0', group: '239.1.1.1' });
  await netns.links.create({ kind: 'macvlan', link: 3, mode: 4 });
  await netns.links.create({ kind: 'veth', ifname: 'v0', peer: { ifname: 'v1' } });
  await netns.links.create({ kind: 'dummy', ifname: 'd0' });
  await netns.links.create({ kind: 'tomorrow', data: new Uint8Array() });
  await netns.links.create({ kind: 'dummy', signal: new AbortController().signal });

  // @ts-expect-error -- a link needs a kind
  await netns.links.create({ ifname: 'br0' });
  // @ts-expect-error -- a slip of the fingers
  await netns.links.create({ kind: 'bridge', vlanFitlering: true });
  // @ts-expect-error -- a bridge has no VNI
  await netns.links.create({ kind: 'bridge', id: 42 });
  // @ts-expect-error -- a state is not an option
  await netns.links.create({ kind: 'bridge', rootPort: 1 });
  // @ts-expect-error -- a boolean is not a number
  await netns.links.create({ kind: 'bridge', vlanFiltering: 1 });
  // @ts-expect-error -- a kind without a table takes bytes
  await netns.links.create({ kind: 'tomorrow', id: 1 });
  // @ts-expect-error -- a handle is not awaited by itself
  void netns.links.create({ kind: 'dummy' }).ifindex;

  // Synchronous calls give values, promised ones promises.
  check<Equal<ReturnType<typeof netns.sync.links.create>['ifindex'], number>>();
  check<Equal<Awaited<ReturnType<typeof netns.links.list>>, ReturnType<typeof netns.sync.links.list>>>();
  check<Equal<Awaited<ReturnType<typeof netns.routes.list>>, ReturnType<typeof netns.sync.routes.list>>>();

  await createBridge(netns);
  await createBridge(netns, {
    ifname: 'br0',
    addresses: ['192.0.2.1/24', { address: '2001:db8::1/64', nodad: true }],
  });
  // @ts-expect-error -- a bridge has no lower link
  await createBridge(netns, { link: 'eth0' });
  // @ts-expect-error -- a namespace is a handle
  await createBridge('red', {});
  await createVeth({ netns, ifname: 'a' }, { netns, ifname: 'b', up: true });
  // @ts-expect-error -- each end says where it is
  await createVeth({ netns }, { ifname: 'b' });
  // @ts-expect-error -- a name is a text
  await createTap(netns, { ifname: 7 });
}

// Options may be built up step by step, also where undefined is not the same as left out.
takes<BridgeOptions>({ priority: 4096, mcastSnooping: false });
takes<BridgePortSettings>({ isolated: true, cost: 4 });
takes<LinkSettings>({ master: null });
takes<LinkSettings>({ master: { ifindex: 3 } });
takes<NetnsRef>('red');
takes<NetnsRef>({ pid: 1 });
takes<NetnsRef>({ path: '/proc/1/ns/net' });
takes<AddressOptions>({ link: 'lo', address: '192.0.2.1/24', scope: 'host' });
takes<RouteOptions>({ dst: 'default', gateway: '192.0.2.254', type: 'unicast' });
takes<VethEnd>({ netns, addresses: ['192.0.2.1/24'] });
takes<TapOptions>({ ifname: 'tap0', queues: 2, vnetHeader: true });
takes<NewLink>({ kind: 'ifb', numTxQueues: 4 });

// @ts-expect-error -- a port's state is not the bridge's
takes<BridgeOptions>({ isolated: true });
// @ts-expect-error -- and the other way round
takes<BridgePortSettings>({ ageingTime: 3 });
// @ts-expect-error -- the kernel's name is txqlen
takes<LinkSettings>({ txQueueLen: 7 });
// @ts-expect-error -- said once, or not at all
takes<LinkSettings>({ mtu: undefined });
// @ts-expect-error -- a process is a number
takes<NetnsRef>({ pid: '1' });
// @ts-expect-error -- not a scope
takes<AddressOptions>({ link: 'lo', address: '::1', scope: 'galaxy' });
// @ts-expect-error -- which link
takes<AddressOptions>({ address: '::1' });
// @ts-expect-error -- not a type of route
takes<RouteOptions>({ dst: 'default', type: 'motorway' });
// @ts-expect-error -- where to
takes<RouteOptions>({ gateway: '192.0.2.254' });
// @ts-expect-error -- one name a word
takes<TapOptions>({ vnetHdr: true });

// What is read cannot be written.
export async function reading(): Promise<void> {
  const link = await netns.links.get('lo');
  check<Equal<typeof link.address, string | undefined>>();
  check<Equal<typeof link.stats.rxPackets, bigint | undefined>>();
  // @ts-expect-error -- a reading
  link.mtu = 9000;
  const found = await netns.links.find('lo');
  // @ts-expect-error -- it may not be there
  void found.ifindex;
}
