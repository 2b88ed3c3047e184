import { dump } from './dump.js';
import { ArgumentError } from './errors.js';
import { ip, refWord } from './iproute2.js';
import type { LinkRef } from './link-options.js';
import { resolveLink } from './link-queries.js';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './netlink/constants.js';
import { type Message, readAttributes, readHeader } from './netlink/message.js';
import {
  ADDRESS_MESSAGE,
  IFA_F_DADFAILED,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  IFA_F_TENTATIVE,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
} from './netlink/tables/address.js';
import { RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_UNIVERSE } from './netlink/tables/route.js';
import { ask, type Operation, outcomeAt } from './operation.js';
import { checkInteger, checkOptions } from './options.js';
import { familyNumber, parsePrefix } from './prefix.js';
import { PROTOCOL } from './protocol.js';
import { expectSuccess } from './refusal.js';

/** An IP address of a link, as RTM_GETADDR shows it. */
export interface Address {
  readonly ifindex: number;
  readonly family: 4 | 6;
  /** The local address; `peer` is the far end of a point-to-point link. */
  readonly address: string;
  readonly prefixlen: number;
  readonly peer?: string;
  readonly broadcast?: string;
  readonly label?: string;
  /** `global`, `link` or `host`, or the number of another scope. */
  readonly scope: 'global' | 'link' | 'host' | number;
  /** IFA_F_*. */
  readonly flags: number;
  /** Duplicate address detection is under way: the address is not used yet. */
  readonly tentative: boolean;
  /** Duplicate address detection found the address in use: it never becomes usable. */
  readonly dadfailed: boolean;
  /** Seconds; Infinity is for ever. */
  readonly preferred: number;
  readonly valid: number;
  /** IFAPROT_*: who set it; kernels before 5.18 do not say. */
  readonly proto?: number;
}

/** An address to add, `192.0.2.1/24`, or one to remove. */
export interface AddressOptions {
  link: LinkRef;
  /** With its prefix length; without one it is a host address (/32, /128). */
  address: string;
  /** The far end of a point-to-point link. */
  peer?: string;
  /** IPv4 only; `'auto'` is the last address of the subnet. */
  broadcast?: string;
  scope?: 'global' | 'link' | 'host';
  /** IPv6: usable at once, without duplicate address detection. */
  nodad?: boolean;
  /** Do not add the subnet's route. */
  noprefixroute?: boolean;
  /** Seconds; for ever when left out. */
  preferred?: number;
  valid?: number;
}

const NAMES = [
  'link',
  'address',
  'peer',
  'broadcast',
  'scope',
  'nodad',
  'noprefixroute',
  'preferred',
  'valid',
];
const SCOPES = { global: RT_SCOPE_UNIVERSE, link: RT_SCOPE_LINK, host: RT_SCOPE_HOST } as const;
const FOR_EVER = 0xffff_ffff;

export function readAddress(message: Message): Address {
  const header = readHeader(ADDRESS_MESSAGE, message);
  const values = readAttributes(ADDRESS_MESSAGE, message);
  const flags = values.flags ?? header.flags;
  const scope = Object.entries(SCOPES).find(([, number]) => number === header.scope)?.[0];
  const seconds = (value: number | undefined) =>
    value === undefined || value === FOR_EVER ? Number.POSITIVE_INFINITY : value;
  const address = values.local ?? values.address ?? '';
  return {
    ifindex: header.ifindex,
    family: header.family === 2 ? 4 : 6,
    address,
    prefixlen: header.prefixlen,
    ...(values.address !== undefined && values.address !== address ? { peer: values.address } : {}),
    ...(values.broadcast === undefined ? {} : { broadcast: values.broadcast }),
    ...(values.label === undefined ? {} : { label: values.label }),
    scope: (scope as 'global' | 'link' | 'host' | undefined) ?? header.scope,
    flags,
    tentative: (flags & IFA_F_TENTATIVE) !== 0,
    dadfailed: (flags & IFA_F_DADFAILED) !== 0,
    preferred: seconds(values.cacheinfo?.preferred),
    valid: seconds(values.cacheinfo?.valid),
    ...(values.proto === undefined ? {} : { proto: values.proto }),
  };
}

/** Which addresses a list shows. */
export interface AddressFilter {
  link?: LinkRef;
  family?: 4 | 6;
}

export function* listAddresses(filter: AddressFilter = {}): Operation<Address[]> {
  checkOptions(filter, ['link', 'family']);
  const ifindex = filter.link === undefined ? 0 : yield* resolveLink(filter.link, 'link');
  const family = filter.family === undefined ? 0 : familyNumber(filter.family);
  return yield* dump('list addresses', 'RTM_GETADDR', {
    add: (batch) => batch.addDump(RTM_GETADDR, ADDRESS_MESSAGE, { family, ifindex }, {}),
    read: (message) => {
      const address = readAddress(message);
      return ifindex === 0 || address.ifindex === ifindex ? address : undefined;
    },
  });
}

/** An address' options, checked and taken apart. */
function check(options: AddressOptions) {
  checkOptions(options, NAMES);
  const { scope, preferred, valid } = options;
  const local = parsePrefix('address', options.address);
  const same = (field: 'peer' | 'broadcast', text: string) => {
    const other = parsePrefix(field, text);
    if (other.family === local.family) return other;
    throw new ArgumentError(field, `${text} is not of the family of ${options.address}`);
  };
  const peer = options.peer === undefined ? undefined : same('peer', options.peer);
  if (options.broadcast !== undefined && local.family === 6) {
    throw new ArgumentError('broadcast', 'IPv6 has no broadcast addresses');
  }
  const broadcast =
    options.broadcast === undefined
      ? undefined
      : options.broadcast === 'auto'
        ? lastOf(local.bytes, local.length)
        : same('broadcast', options.broadcast).address;
  if (scope !== undefined && !Object.hasOwn(SCOPES, scope)) {
    throw new ArgumentError('scope', `'${scope}' is none of ${Object.keys(SCOPES).join(', ')}`);
  }
  for (const [field, seconds] of Object.entries({ preferred, valid })) {
    if (seconds !== undefined && seconds !== Number.POSITIVE_INFINITY) {
      checkInteger(field, seconds, 0, FOR_EVER - 1);
    }
  }
  return { options, local, peer, broadcast };
}

function request({ options, local, peer, broadcast }: ReturnType<typeof check>, ifindex: number) {
  const flags =
    (options.nodad === true ? IFA_F_NODAD : 0) | (options.noprefixroute === true ? IFA_F_NOPREFIXROUTE : 0);
  const lifetimes = options.preferred !== undefined || options.valid !== undefined;
  const ticks = (seconds = FOR_EVER) => Math.min(seconds, FOR_EVER);
  return {
    header: {
      family: familyNumber(local.family),
      prefixlen: peer?.length ?? local.length,
      scope: SCOPES[options.scope ?? 'global'],
      ifindex,
    },
    values: {
      local: local.address,
      address: peer?.address ?? local.address,
      ...(broadcast === undefined ? {} : { broadcast }),
      ...(flags === 0 ? {} : { flags }),
      ...(lifetimes
        ? { cacheinfo: { preferred: ticks(options.preferred), valid: ticks(options.valid) } }
        : {}),
    },
  };
}

function lastOf(address: Uint8Array, length: number): string {
  return [...address].map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, length - i * 8)))).join('.');
}

function command(netns: string | undefined, verb: string, options: AddressOptions): string {
  const { address, peer, broadcast, scope, nodad, noprefixroute } = options;
  const words = [address];
  if (peer !== undefined) words.push('peer', peer);
  if (broadcast !== undefined) words.push('broadcast', broadcast === 'auto' ? '+' : broadcast);
  if (scope !== undefined) words.push('scope', scope);
  words.push('dev', refWord(options.link));
  if (nodad === true) words.push('nodad');
  if (noprefixroute === true) words.push('noprefixroute');
  return `${ip(netns)} address ${verb} ${words.join(' ')}`;
}

/** Adds an address; one that is there already is EEXIST. */
export function* addAddress(
  netns: string | undefined,
  options: AddressOptions,
  replace = false,
): Operation<void> {
  const checked = check(options);
  const ifindex = yield* resolveLink(options.link, 'link');
  const { header, values } = request(checked, ifindex);
  const flags = NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);
  const outcomes = yield* ask((batch) =>
    batch.add(RTM_NEWADDR, flags, ADDRESS_MESSAGE, header, { ...values, proto: PROTOCOL }),
  );
  expectSuccess(outcomeAt(outcomes, 0), {
    what: `add address ${options.address} to link ${refWord(options.link)}`,
    request: 'RTM_NEWADDR',
    field: (path) => (path[0] === 'local' ? 'address' : path[0]),
    command: () => command(netns, replace ? 'replace' : 'add', options),
  });
}

/** Removes an address; one that is gone, or whose link is gone, is success. */
export function* removeAddress(netns: string | undefined, options: AddressOptions): Operation<void> {
  const checked = check(options);
  const ifindex = yield* resolveLink(options.link, 'link');
  const { header, values } = request(checked, ifindex);
  const outcomes = yield* ask((batch) => batch.add(RTM_DELADDR, 0, ADDRESS_MESSAGE, header, values));
  const outcome = outcomeAt(outcomes, 0);
  // EADDRNOTAVAIL (99): no such address; ENODEV (19): no such link.
  if (outcome.verdict.errno === 99 || outcome.verdict.errno === 19) return;
  expectSuccess(outcome, {
    what: `remove address ${options.address} from link ${refWord(options.link)}`,
    request: 'RTM_DELADDR',
    command: () => command(netns, 'delete', options),
  });
}
