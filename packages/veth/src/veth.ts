import {
  type Cancellable,
  checkIfname,
  checkInteger,
  checkMac,
  checkNetns,
  checkOptions,
  chooseIfindex,
  HeldLink,
  type Link,
  type LinkHandle,
  type LinkSettings,
  NetlinkError,
  type Netns,
  parsePrefix,
} from '@netloom/core';

/** One end of a cable: where it is born, and how it is set up there. */
export interface VethEnd extends LinkSettings {
  /** The namespace that this end is born in. */
  netns: Netns;
  /** Addresses, `198.51.100.1/30`; `{ address, nodad: true }` for IPv6 that works at once. */
  addresses?: readonly (string | { address: string; nodad?: boolean })[];
}

const BORN_WITH = ['ifname', 'mtu', 'address'] as const;
const SETTINGS = ['broadcast', 'txqlen', 'group', 'master', 'up', 'arp', 'ifalias', 'addrGenMode'] as const;

/**
 * Creates a veth pair whose ends are born in their namespaces, in one request; a second one sets them up,
 * for a peer cannot be born up. Owned: disposal removes the pair. A failure half-way undoes itself.
 */
export async function createVeth(near: VethEnd, far: VethEnd, options: Cancellable = {}): Promise<Veth> {
  checkEnd(near, '');
  checkEnd(far, 'peer');
  options.signal?.throwIfAborted();
  const ifindex = chooseIfindex();
  const peer = { ...pick(far, BORN_WITH), ifindex, netNsFd: far.netns.opener.descriptor.fd };
  const handle = await near.netns.links
    .create({ kind: 'veth', ...pick(near, BORN_WITH), peer })
    .catch((error: unknown) => explainTaken(error, far));
  try {
    await setUp(near, handle.ifindex);
    await setUp(far, ifindex);
    const peerLink = await far.netns.links.get(ifindex);
    options.signal?.throwIfAborted();
    return new Veth(near.netns, handle, new VethPeer(far.netns, peerLink));
  } catch (error) {
    await handle.remove();
    throw error;
  }
}

/** EEXIST comes without a field: when it is not the near end's name, the far end's is taken. */
async function explainTaken(error: unknown, far: VethEnd): Promise<never> {
  if (!(error instanceof NetlinkError) || error.code !== 'EEXIST' || error.field === 'ifname') throw error;
  const taken = far.ifname === undefined ? undefined : await far.netns.links.find(far.ifname);
  if (taken === undefined) throw error;
  throw new NetlinkError(error.code, error.errno, error.summary, {
    field: 'peer.ifname',
    hint: `${taken.ifname} is a ${taken.kind ?? 'device'} with index ${taken.ifindex} in the peer's namespace`,
    command: error.command,
    request: error.request,
    cause: error,
  });
}

async function setUp(end: VethEnd, ifindex: number): Promise<void> {
  const settings = pick(end, SETTINGS);
  if (Object.keys(settings).length > 0) await end.netns.links.set(ifindex, settings);
  for (const entry of end.addresses ?? []) {
    const address = typeof entry === 'string' ? { address: entry } : entry;
    await end.netns.addresses.add({ link: ifindex, ...address });
  }
}

function checkEnd(end: VethEnd, path: string): void {
  const field = (name: string) => (path === '' ? name : `${path}.${name}`);
  checkOptions(end, ['netns', 'addresses', ...BORN_WITH, ...SETTINGS], path);
  checkNetns(field('netns'), end.netns);
  if (end.ifname !== undefined) checkIfname(field('ifname'), end.ifname);
  if (end.address !== undefined) checkMac(field('address'), end.address);
  if (end.mtu !== undefined) checkInteger(field('mtu'), end.mtu, 68, 65535);
  for (const [i, entry] of (end.addresses ?? []).entries()) {
    parsePrefix(field(`addresses[${i}]`), typeof entry === 'string' ? entry : entry.address);
  }
}

function pick<K extends keyof VethEnd>(end: VethEnd, names: readonly K[]): Pick<VethEnd, K> {
  return Object.fromEntries(
    names.flatMap((name) => (end[name] === undefined ? [] : [[name, end[name]]])),
  ) as Pick<VethEnd, K>;
}

/** The far end of a pair. It lives and falls with the near one. */
export class VethPeer {
  readonly netns: Netns;
  readonly ifindex: number;
  readonly ifname: string;

  constructor(netns: Netns, link: Link) {
    this.netns = netns;
    this.ifindex = link.ifindex;
    this.ifname = link.ifname;
  }

  /** The far end as it is now. */
  get(): Promise<Link> {
    return this.netns.links.get(this.ifindex);
  }

  /** Changes the far end and reads it back. */
  set(settings: LinkSettings): Promise<Link> {
    return this.netns.links.set(this.ifindex, { ...settings });
  }
}

/** A virtual Ethernet cable: its near end, and the far one as `peer`. Removal takes both. */
export class Veth extends HeldLink {
  /** The far end. */
  readonly peer: VethPeer;

  /** Made by `createVeth`. */
  constructor(netns: Netns, handle: LinkHandle, peer: VethPeer) {
    super(netns, handle);
    this.peer = peer;
  }

  /** Changes the near end and reads it back. */
  set(settings: LinkSettings): Promise<Link> {
    return this.handle.set({ ...settings });
  }
}
