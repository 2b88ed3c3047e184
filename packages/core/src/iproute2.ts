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
  vxlan: { port: 'dstport', link: 'dev', localbypass: 'localbypass' },
};

/** Times that `ip` takes in hundredths of a second. */
const CENTISECONDS = /^(forwardDelay|helloTime|maxAge|ageingTime|mcast.*Intvl)$/;
const VLAN_PROTOCOLS = new Map<unknown, string>([
  [0x8100, '802.1Q'],
  [0x88a8, '802.1ad'],
]);

/** A kind's attributes as the words after `type bridge`. */
export function dataWords(kind: string, data: object): string[] {
  const words: string[] = [];
  for (const [name, value] of Object.entries(data)) {
    const word = WORDS[kind]?.[name] ?? snake(name);
    if (name === 'peer') words.push('peer', ...peerWords(value as LinkBirth));
    else if (name === 'vlanProtocol') words.push(word, VLAN_PROTOCOLS.get(value) ?? String(value));
    else if (CENTISECONDS.test(name)) words.push(word, String(Math.round(Number(value) * 100)));
    else if (typeof value === 'boolean') words.push(word, flagWord(kind, value));
    else words.push(word, name === 'link' ? refWord(value as LinkRef) : String(value));
  }
  return words;
}

function peerWords(peer: LinkBirth): string[] {
  const name = peer.ifname === undefined ? [] : ['name', peer.ifname];
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
    return ifname ?? `if${ref.ifindex}`;
  }
  return typeof ref === 'number' ? `if${ref}` : ref;
}

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
  if (master === null) words.push('nomaster');
  else if (master !== undefined) words.push('master', refWord(master));
  return words;
}

/** `ip` or `ip -n red`, by the namespace's name. */
export function ip(netns: string | undefined, family: 4 | 6 | undefined = undefined): string {
  return `ip${netns === undefined ? '' : ` -n ${netns}`}${family === 6 ? ' -6' : ''}`;
}

export function linkAddCommand(
  netns: string | undefined,
  kind: string,
  settings: LinkBirth,
  data: object | undefined,
): string {
  const name = settings.ifname === undefined ? [] : ['name', settings.ifname];
  const words = ['link', 'add', ...name, ...settingWords({ ...settings })];
  if (settings.ifindex !== undefined) words.push('index', String(settings.ifindex));
  words.push('type', kind);
  if (data !== undefined && !(data instanceof Uint8Array)) words.push(...dataWords(kind, data));
  const add = `${ip(netns)} ${words.join(' ')}`;
  return settings.up === true ? `${add} && ${ip(netns)} link set ${settings.ifname ?? ''} up` : add;
}

export function linkSetCommand(netns: string | undefined, ref: LinkRef, settings: LinkBirth): string {
  const words = ['link', 'set', 'dev', refWord(ref), ...settingWords(settings)];
  if (settings.ifname !== undefined) words.push('name', settings.ifname);
  if (settings.up !== undefined) words.push(settings.up ? 'up' : 'down');
  return `${ip(netns)} ${words.join(' ')}`;
}
