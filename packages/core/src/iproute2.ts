import type { LinkBirth, LinkRef } from './link-options.js';

/** `vlanFiltering` → `vlan_filtering`, as `ip link … type bridge` has it. */
function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Options whose iproute2 word is not the netlink name. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bridge: {
    mcastLastMemberCnt: 'mcast_last_member_count',
    mcastStartupQueryCnt: 'mcast_startup_query_count',
    mcastLastMemberIntvl: 'mcast_last_member_interval',
    mcastMembershipIntvl: 'mcast_membership_interval',
    mcastQuerierIntvl: 'mcast_querier_interval',
    mcastQueryIntvl: 'mcast_query_interval',
    mcastQueryResponseIntvl: 'mcast_query_response_interval',
    mcastStartupQueryIntvl: 'mcast_startup_query_interval',
    nfCallIptables: 'nf_call_iptables',
    nfCallIp6tables: 'nf_call_ip6tables',
    nfCallArptables: 'nf_call_arptables',
    groupAddr: 'group_address',
  },
  bridgePort: {
    mode: 'hairpin',
    protect: 'root_block',
    fastLeave: 'fastleave',
    unicastFlood: 'flood',
    proxyarp: 'proxy_arp',
    proxyarpWifi: 'proxy_arp_wifi',
    multicastRouter: 'mcast_router',
    mcastToUcast: 'mcast_to_unicast',
  },
  vxlan: {
    port: 'dstport',
    link: 'dev',
    limit: 'maxaddress',
    local6: 'local',
    udpCsum: 'udpcsum',
    udpZeroCsum6Tx: 'udp6zerocsumtx',
    udpZeroCsum6Rx: 'udp6zerocsumrx',
    remcsumTx: 'remcsumtx',
    remcsumRx: 'remcsumrx',
    collectMetadata: 'external',
    portRange: 'srcport',
  },
  macvlan: { bcQueueLen: 'bcqueuelen', bcCutoff: 'bclim' },
};

/** Times that `ip` takes in hundredths of a second. */
const CENTISECONDS = /^(forwardDelay|helloTime|maxAge|ageingTime|mcast.*Intvl)$/;
const VLAN_PROTOCOLS = new Map<unknown, string>([
  [0x8100, '802.1Q'],
  [0x88a8, '802.1ad'],
]);

const MACVLAN_MODES = new Map<unknown, string>([
  [1, 'private'],
  [2, 'vepa'],
  [4, 'bridge'],
  [8, 'passthru'],
  [16, 'source'],
]);

/** A kind's attributes as the words after `type bridge`. */
export function dataWords(kind: string, data: object): string[] {
  return Object.entries(data).flatMap(([name, value]) => optionWords(kind, name, value));
}

function optionWords(kind: string, name: string, value: unknown): string[] {
  const word = WORDS[kind]?.[name] ?? snake(name);
  // No argument: that it stands there is all.
  if (name === 'fdbFlush') return [word];
  if (name === 'portRange' && value instanceof Uint8Array) return [word, ...portWords(value)];
  // Bits that iproute2 has a word each for; left out rather than wrong.
  if (name === 'multiBoolopt') return [];
  if (name === 'peer') return ['peer', ...peerWords(value as LinkBirth)];
  if (name === 'link') return [word, refWord(value as LinkRef)];
  if (name === 'vlanProtocol' || (kind === 'vlan' && name === 'protocol'))
    return [word, VLAN_PROTOCOLS.get(value) ?? String(value)];
  if (name === 'mode' && kind.startsWith('macv')) return [word, MACVLAN_MODES.get(value) ?? String(value)];
  // A VXLAN's group is one remote unless it is a multicast address.
  if (kind === 'vxlan' && /^group6?$/.test(name))
    return [isMulticast(String(value)) ? 'group' : 'remote', String(value)];
  if (kind === 'vxlan' && typeof value === 'boolean') return [value ? word : `no${word}`];
  if (typeof value === 'boolean') return [word, flagWord(kind, value)];
  return [word, CENTISECONDS.test(name) ? String(Math.round(Number(value) * 100)) : String(value)];
}

/** struct ifla_vxlan_port_range: two numbers in network byte order. */
function portWords(range: Uint8Array): string[] {
  const view = new DataView(range.buffer, range.byteOffset, range.byteLength);
  return range.length < 4 ? [] : [String(view.getUint16(0)), String(view.getUint16(2))];
}

const isMulticast = (address: string) =>
  address.includes(':') ? /^ff/i.test(address) : /^(22[4-9]|23[0-9])\./.test(address);

function peerWords(peer: LinkBirth): string[] {
  const name = peer.ifname === undefined ? [] : ['name', shellWord(peer.ifname)];
  return [...name, ...settingWords(peer)];
}

function flagWord(kind: string, value: boolean): string {
  if (kind === 'bridgePort') return value ? 'on' : 'off';
  return value ? '1' : '0';
}

/** A link as a command names it. */
export function refWord(ref: LinkRef): string {
  if (typeof ref === 'object') {
    const { ifname } = ref as { ifname?: string };
    return shellWord(ifname ?? `if${ref.ifindex}`);
  }
  return typeof ref === 'number' ? `if${ref}` : shellWord(ref);
}

/** A word that a shell takes as it stands: the kernel allows `a;b` as a link's name. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const ADDR_GEN_MODES = ['eui64', 'none', 'stable_secret', 'random'];

/** What all links share, as words of `ip link add` or `ip link set`. */
export function settingWords(settings: LinkBirth): string[] {
  const { address, broadcast, mtu, txqlen, group, master, arp, numTxQueues, numRxQueues, link } = settings;
  const words: string[] = [];
  if (link !== undefined) words.push('link', refWord(link));
  if (address !== undefined) words.push('address', address);
  if (broadcast !== undefined) words.push('broadcast', broadcast);
  if (mtu !== undefined) words.push('mtu', String(mtu));
  if (txqlen !== undefined) words.push('txqueuelen', String(txqlen));
  if (numTxQueues !== undefined) words.push('numtxqueues', String(numTxQueues));
  if (numRxQueues !== undefined) words.push('numrxqueues', String(numRxQueues));
  if (group !== undefined) words.push('group', String(group));
  if (arp !== undefined) words.push('arp', arp ? 'on' : 'off');
  if (settings.ifalias !== undefined) words.push('alias', shellWord(settings.ifalias));
  const mode = settings.addrGenMode;
  if (mode !== undefined) words.push('addrgenmode', ADDR_GEN_MODES[mode] ?? String(mode));
  if (master === null) words.push('nomaster');
  else if (master !== undefined) words.push('master', refWord(master));
  return words;
}

/**
 * A program of iproute2 in a namespace: `ip -n red`. A namespace without a name is given by the path of its
 * descriptor, which other programs can use for as long as the handle is open.
 */
export function inNetns(netns: string | undefined, program: string): string {
  if (netns === undefined) return program;
  return netns.startsWith('/') ? `nsenter --net=${netns} ${program}` : `${program} -n ${shellWord(netns)}`;
}

/** `ip`, in a namespace and for a family. */
export function ip(netns: string | undefined, family?: 4 | 6): string {
  return `${inNetns(netns, 'ip')}${family === 6 ? ' -6' : ''}`;
}

export function linkAddCommand(
  netns: string | undefined,
  kind: string,
  settings: LinkBirth,
  data: object | undefined,
): string {
  const name = settings.ifname === undefined ? [] : ['name', shellWord(settings.ifname)];
  const words = ['link', 'add', ...name, ...settingWords({ ...settings })];
  if (settings.ifindex !== undefined) words.push('index', String(settings.ifindex));
  words.push('type', kind);
  if (data !== undefined && !(data instanceof Uint8Array)) words.push(...dataWords(kind, data));
  const add = `${ip(netns)} ${words.join(' ')}`;
  return settings.up === true && settings.ifname !== undefined
    ? `${add} && ${ip(netns)} link set ${shellWord(settings.ifname)} up`
    : add;
}

export function linkSetCommand(netns: string | undefined, ref: LinkRef, settings: LinkBirth): string {
  const words = ['link', 'set', 'dev', refWord(ref), ...settingWords(settings)];
  if (settings.ifname !== undefined) words.push('name', shellWord(settings.ifname));
  if (settings.up !== undefined) words.push(settings.up ? 'up' : 'down');
  return `${ip(netns)} ${words.join(' ')}`;
}
