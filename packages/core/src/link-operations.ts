import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ArgumentError, NetloomError } from './errors.js';
import { dataWords, ip, linkAddCommand, linkSetCommand, refWord } from './iproute2.js';
import { dump } from './dump.js';
import { type Link, readLink } from './link.js';
import {
  checkSettings,
  type LinkBirth,
  type LinkParts,
  linkParts,
  type LinkRef,
  portAttributes,
  splitOptions,
} from './link-options.js';
import type { NewLink } from './link-kinds.js';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink/constants.js';
import type { Outcome, RequestBatch } from './netlink/exchange.js';
import {
  IFF_UP,
  LINK_MESSAGE,
  RTEXT_FILTER_SKIP_STATS,
  RTM_DELLINK,
  RTM_DELLINKPROP,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_NEWLINKPROP,
} from './netlink/tables/link.js';
import { ask, type Operation, outcomeAt } from './operation.js';
import { nearest } from './options.js';
import { expectSuccess, refusal } from './refusal.js';

/** Which links a list shows. */
export interface LinkFilter {
  /** `bridge`, `veth`, …: filtered by the kernel, and checked. */
  kind?: string;
  /** Only ports of this link, by index. */
  master?: number;
}

export function listLinks(filter: LinkFilter = {}): Operation<Link[]> {
  const { kind, master } = filter;
  const attributes = {
    extMask: RTEXT_FILTER_SKIP_STATS,
    ...(kind === undefined ? {} : { linkinfo: { kind } }),
    ...(master === undefined ? {} : { master }),
  };
  const wanted = (link: Link) =>
    (kind === undefined || link.kind === kind) && (master === undefined || link.master === master);
  return dump('list links', 'RTM_GETLINK', {
    add: (batch) => batch.addDump(RTM_GETLINK, LINK_MESSAGE, {}, attributes),
    // A kind that the kernel does not know makes it send every link, unfiltered: so we look again.
    read: (message) => {
      const link = readLink(message);
      return wanted(link) ? link : undefined;
    },
  });
}

const addGet = (batch: RequestBatch, ref: number | string) =>
  batch.add(RTM_GETLINK, 0, LINK_MESSAGE, typeof ref === 'number' ? { ifindex: ref } : {}, {
    ...(typeof ref === 'number' ? {} : ref.length > 15 ? { altIfname: ref } : { ifname: ref }),
    extMask: RTEXT_FILTER_SKIP_STATS,
  });

/** The link, or undefined when there is none of that name or index. */
export function* findLink(ref: LinkRef): Operation<Link | undefined> {
  const key = typeof ref === 'object' ? ref.ifindex : ref;
  const [outcome] = yield* ask((batch) => addGet(batch, key));
  if (outcome === undefined || outcome.verdict.errno === 19) return undefined;
  expectSuccess(outcome, { what: `look up link ${refWord(ref)}`, request: 'RTM_GETLINK' });
  const [message] = outcome.messages;
  return message === undefined ? undefined : readLink(message);
}

export function* getLink(ref: LinkRef, field = 'link'): Operation<Link> {
  const link = yield* findLink(ref);
  if (link !== undefined) return link;
  const names = (yield* listLinks()).flatMap(({ ifname, altnames }) => [ifname, ...altnames]);
  const near = typeof ref === 'string' ? nearest(ref, names) : undefined;
  throw new NetloomError('ENODEV', `cannot find link ${refWord(ref)}: there is none in this namespace`, {
    field,
    request: 'RTM_GETLINK',
    hint: near === undefined ? `links here: ${names.slice(0, 12).join(', ')}` : `did you mean '${near}'?`,
    command: `ip link show dev ${refWord(ref)}`,
  });
}

/** An index as it is; a name is looked up. */
export function* resolveLink(ref: LinkRef, field: string): Operation<number> {
  if (typeof ref === 'number') return ref;
  if (typeof ref === 'object') return ref.ifindex;
  return (yield* getLink(ref, field)).ifindex;
}

/** The kernel numbers from 1 upwards: ours are far above, and random, so that nobody else has them. */
export function chooseIfindex(): number {
  return randomInt(1 << 24, 1 << 30);
}

/** A path of attributes as the option that the caller gave: kinds' data are flat. */
export function optionOf(path: readonly string[]): string | undefined {
  const rest = path[0] === 'linkinfo' ? path.slice(1) : path;
  const option = rest[0] === 'data' || rest[0] === 'slaveData' ? rest.slice(1) : rest;
  if (option[0] === 'afSpec') return 'addrGenMode';
  return option.join('.') || undefined;
}

/** Where the kernel names no attribute and only one was given, that one is meant. */
function onlyOption(data: object | undefined): string | undefined {
  const names = data === undefined || data instanceof Uint8Array ? [] : Object.keys(data);
  return names.length === 1 ? names[0] : undefined;
}

/** What a created link is: as it stands, and the mark that it carries. */
export interface Born {
  readonly link: Link;
  readonly mark: string | undefined;
}

/**
 * Creates a link in one send: the link under an index that we chose, its ownership mark, its alias, and the
 * read-back. The mark names the index, never the name: were the name taken, the mark must not land there.
 */
export function* createLink(
  netns: string | undefined,
  options: NewLink,
  mark: string | undefined,
): Operation<Born> {
  const { kind } = options;
  if (typeof kind !== 'string' || kind === '') throw new ArgumentError('kind', 'a link needs a kind');
  const { settings, data } = splitOptions(kind, { ...options });
  checkSettings(settings);
  const master = settings.master == null ? undefined : yield* resolveLink(settings.master, 'master');
  const link = settings.link === undefined ? undefined : yield* resolveLink(settings.link, 'link');
  if (data !== undefined && !(data instanceof Uint8Array) && data['link'] !== undefined) {
    data['link'] = yield* resolveLink(data['link'] as LinkRef, 'link');
  }
  const ifindex = settings.ifindex ?? chooseIfindex();
  const parts = linkParts({ ...settings, ifindex }, { master, link });
  const context = {
    what: `create ${kind}${settings.ifname === undefined ? '' : ` ${settings.ifname}`}`,
    request: 'RTM_NEWLINK',
    field: (path: readonly string[]) => optionOf(path) ?? onlyOption(data),
    command: () => linkAddCommand(netns, kind, settings, data),
  };
  const header = { ifindex, flags: parts.flags & ~IFF_UP, change: parts.change };
  const linkinfo = { kind, ...(data === undefined ? {} : { data }) };
  const outcomes = yield* ask((batch) => {
    batch.add(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, LINK_MESSAGE, header, {
      ...parts.attributes,
      linkinfo,
    });
    addMark(batch, ifindex, mark);
    addLater(batch, ifindex, parts);
    addGet(batch, ifindex);
  });
  const created = outcomeAt(outcomes, 0);
  if (created.verdict.errno !== 0) {
    // The index was somebody's already: what was sent after the refusal reached that link. Take it back.
    if (mark !== undefined && outcomeAt(outcomes, 1).verdict.errno === 0) yield* dropMark(ifindex, mark);
    throw refusal(created, { ...context, ...(yield* explainTaken(created, settings)) });
  }
  const left = outcomes.slice(1);
  const born = yield* readBack(left, ifindex, context);
  const ignored = ignoredField(born, settings, data, { master, link });
  if (ignored !== undefined) {
    yield* removeLink(netns, ifindex);
    throw new NetloomError('ERR_NETLOOM_IGNORED', `cannot ${context.what}: the kernel ignored ${ignored}`, {
      field: ignored,
      request: 'RTM_NEWLINK',
      hint: 'this kernel is built without that feature, or another option overrides it',
      command: context.command(),
    });
  }
  return { link: born, mark };
}

/** What a creating request ignores, and then IFF_UP: a link that is up has its IPv6 address already. */
function addLater(batch: RequestBatch, ifindex: number, parts: LinkParts): void {
  if (Object.keys(parts.later).length > 0) batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, { ifindex }, parts.later);
  const up = parts.flags & IFF_UP;
  if (up !== 0) batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, { ifindex, flags: up, change: up }, {});
}

/** IFLA_PROP_LIST in the creating request is ignored too: the mark is the message after it. */
export function addMark(batch: RequestBatch, ifindex: number, mark: string | undefined): void {
  const propList = { altIfname: mark === undefined ? [] : [mark] };
  if (mark === undefined) addGet(batch, ifindex);
  else batch.add(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL, LINK_MESSAGE, { ifindex }, { propList });
}

/** Takes a mark off a link: it is nobody's then. */
export function* dropMark(ifindex: number, mark: string): Operation<void> {
  yield* ask((batch) =>
    batch.add(RTM_DELLINKPROP, 0, LINK_MESSAGE, { ifindex }, { propList: { altIfname: [mark] } }),
  );
}

function* readBack(
  left: readonly Outcome[],
  ifindex: number,
  context: Parameters<typeof refusal>[1],
): Operation<Link> {
  const failed = left.find(({ verdict }) => verdict.errno !== 0);
  const [message] = outcomeAt(left, left.length - 1).messages;
  if (failed === undefined && message !== undefined) return readLink(message);
  yield* removeLink(undefined, ifindex);
  throw refusal(
    failed ?? { verdict: { errno: 19 }, messages: [], path: [], interrupted: false, filtered: false },
    context,
  );
}

/** EEXIST: looks who has the name, instead of guessing. */
function* explainTaken(
  outcome: Outcome,
  settings: LinkBirth,
): Operation<{ hint?: string; field?: () => string }> {
  if (outcome.verdict.errno !== 17 || settings.ifname === undefined) return {};
  const taken = yield* findLink(settings.ifname);
  if (taken === undefined) return {};
  const what = `${taken.ifname} is a ${taken.kind ?? 'device'} with index ${taken.ifindex}`;
  return {
    hint: `${what}: choose another name, or open it instead of creating it`,
    field: () => 'ifname',
  };
}

/** The first option that does not stand as it was asked for, by the caller's name. */
function ignoredField(
  link: Link,
  settings: LinkBirth,
  data: Record<string, unknown> | Uint8Array | undefined,
  refs: { master: number | undefined; link: number | undefined },
): string | undefined {
  const { ifname, mtu, address, txqlen, group, up, ifalias, addrGenMode } = settings;
  const asked = {
    mtu,
    address: address?.toLowerCase(),
    txqlen,
    group,
    up,
    ifalias,
    addrGenMode,
    master: refs.master,
    ...(ifname?.includes('%') === true ? {} : { ifname }),
  };
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined && (link as unknown as Record<string, unknown>)[name] !== value) return name;
  }
  if (data === undefined || data instanceof Uint8Array || link.kind === 'veth') return undefined;
  return ignoredData(link.data, data);
}

function ignoredData(stands: Link['data'], asked: Readonly<Record<string, unknown>>): string | undefined {
  const there = stands === undefined || stands instanceof Uint8Array ? {} : stands;
  for (const [name, value] of Object.entries(asked)) {
    if (name === 'fdbFlush' || name === 'flush' || name === 'multiBoolopt') continue;
    const normal = typeof value === 'string' ? value.toLowerCase() : value;
    if (!isDeepStrictEqual(there[name], normal)) return name;
  }
  return undefined;
}

/** Removes a link; one that is gone already is success. */
export function* removeLink(netns: string | undefined, ref: LinkRef): Operation<void> {
  const key = typeof ref === 'object' ? ref.ifindex : ref;
  const header = typeof key === 'number' ? { ifindex: key } : {};
  const name = typeof key === 'number' ? {} : key.length > 15 ? { altIfname: key } : { ifname: key };
  const [outcome] = yield* ask((batch) => batch.add(RTM_DELLINK, 0, LINK_MESSAGE, header, name));
  if (outcome === undefined || outcome.verdict.errno === 19) return;
  expectSuccess(outcome, {
    what: `remove link ${refWord(ref)}`,
    request: 'RTM_DELLINK',
    command: () => `${ip(netns)} link delete dev ${refWord(ref)}`,
  });
}

/** Changes a link and reads it back. `port` are options of a port in its master. */
export function* setLink(
  netns: string | undefined,
  ref: LinkRef,
  settings: LinkBirth & Record<string, unknown>,
  port?: { readonly kind: string; readonly options: object },
): Operation<Link> {
  const ifindex = yield* resolveLink(ref, 'link');
  const before = yield* getLink(ifindex, 'link');
  const { settings: common, data } = splitOptions(before.kind ?? '', { ...settings });
  checkSettings(common);
  const slaveData = port === undefined ? undefined : portAttributes(port.kind, port.options);
  const master =
    common.master == null
      ? common.master === null
        ? 0
        : undefined
      : yield* resolveLink(common.master, 'master');
  const parts = linkParts(common, { master });
  const context = {
    what: `change link ${before.ifname}`,
    request: 'RTM_NEWLINK',
    field: optionOf,
    command: () => setCommand(netns, before, common, data, slaveData),
  };
  // RTM_SETLINK ignores IFLA_INFO_DATA; RTM_NEWLINK without NLM_F_CREATE takes it. A port's data need the
  // port to be one already, so the master goes first, in a message of its own.
  const outcomes = yield* ask((batch) => {
    const change = common.up === true ? parts.change & ~IFF_UP : parts.change;
    const header = { ifindex, flags: parts.flags & change, change };
    const linkinfo =
      data === undefined || before.kind === undefined ? {} : { linkinfo: { kind: before.kind, data } };
    batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, header, { ...parts.attributes, ...linkinfo });
    addLater(batch, ifindex, parts);
    if (slaveData !== undefined && port !== undefined) {
      const slave = { linkinfo: { slaveKind: port.kind, slaveData } };
      batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, { ifindex }, slave);
    }
    addGet(batch, ifindex);
  });
  for (const outcome of outcomes) expectSuccess(outcome, context);
  const after = yield* getLink(ifindex);
  const ignored =
    ignoredField(after, common, data, { master: master === 0 ? undefined : master, link: undefined }) ??
    (slaveData === undefined ? undefined : ignoredData(after.slaveData, slaveData));
  if (ignored !== undefined) {
    throw new NetloomError('ERR_NETLOOM_IGNORED', `cannot ${context.what}: the kernel ignored ${ignored}`, {
      field: ignored,
      request: 'RTM_NEWLINK',
      command: context.command(),
    });
  }
  return after;
}

function setCommand(
  netns: string | undefined,
  link: Link,
  settings: LinkBirth,
  data: object | undefined,
  port: object | undefined,
): string {
  const words = [linkSetCommand(netns, link.ifname, settings)];
  if (data !== undefined) words.push('type', link.kind ?? '', ...dataWords(link.kind ?? '', data));
  if (port !== undefined) {
    words.push(`&& bridge${netns === undefined ? '' : ` -n ${netns}`} link set dev ${link.ifname}`);
    words.push(...dataWords('bridgePort', port));
  }
  return words.join(' ');
}

/** Marks a link that something other than netlink made (TUNSETIFF), and reads it. */
export function* markLink(ifindex: number, mark: string): Operation<Link> {
  const [outcome] = yield* ask((batch) => addMark(batch, ifindex, mark));
  if (outcome !== undefined) {
    expectSuccess(outcome, { what: `mark link ${ifindex} as ours`, request: 'RTM_NEWLINKPROP' });
  }
  return yield* getLink(ifindex);
}
