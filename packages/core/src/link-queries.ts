import { randomInt } from 'node:crypto';
import { dump } from './dump.js';
import { ArgumentError, NetloomError } from './errors.js';
import { refWord } from './iproute2.js';
import { type Link, readLink } from './link.js';
import type { LinkRef } from './link-options.js';
import type { RequestBatch } from './netlink/exchange.js';
import { LINK_MESSAGE, RTEXT_FILTER_SKIP_STATS, RTM_GETLINK } from './netlink/tables/link.js';
import { ask, type Operation } from './operation.js';
import { ownerOf } from './owner.js';
import { checkInteger, checkOptions, describe, nearest } from './options.js';
import { expectSuccess } from './refusal.js';

const ENODEV = 19;

/** Which links a list shows. */
export interface LinkFilter {
  /** `bridge`, `veth`, …: filtered by the kernel, and checked. */
  kind?: string;
  /** Only ports of this link. */
  master?: LinkRef;
}

export function* listLinks(filter: LinkFilter = {}): Operation<Link[]> {
  checkOptions(filter, ['kind', 'master']);
  const { kind } = filter;
  const master = filter.master === undefined ? undefined : yield* resolveLink(filter.master, 'master');
  const attributes = {
    extMask: RTEXT_FILTER_SKIP_STATS,
    ...(kind === undefined ? {} : { linkinfo: { kind } }),
    ...(master === undefined ? {} : { master }),
  };
  const wanted = (link: Link) =>
    (kind === undefined || link.kind === kind) && (master === undefined || link.master === master);
  return yield* dump('list links', 'RTM_GETLINK', {
    add: (batch) => batch.addDump(RTM_GETLINK, LINK_MESSAGE, {}, attributes),
    // A kind that the kernel does not know makes it send every link, unfiltered: so we look again.
    read: (message) => {
      const link = readLink(message);
      return wanted(link) ? link : undefined;
    },
  });
}

/** A link as a caller may name it; anything else is an ArgumentError before it is sent. */
function checkRef(field: string, ref: unknown): asserts ref is LinkRef {
  const key = typeof ref === 'object' && ref !== null ? (ref as { ifindex?: unknown }).ifindex : ref;
  if (typeof key === 'number') checkInteger(field, key, 1, 0x7fff_ffff);
  else if (typeof ref !== 'string' || ref === '' || Buffer.byteLength(ref) > 127 || /[/\0]/.test(ref)) {
    throw new ArgumentError(field, `${describe(ref)} is not a link: a name, an index or a handle`);
  }
}

/** How a request names a link: an index in its header, or a name. Names over 15 bytes are alternative ones. */
export function address(ref: LinkRef, field = 'link') {
  checkRef(field, ref);
  const key = typeof ref === 'object' ? ref.ifindex : ref;
  if (typeof key === 'number') return { header: { ifindex: key }, name: {} };
  return { header: {}, name: Buffer.byteLength(key) > 15 ? { altIfname: key } : { ifname: key } };
}

export function addGet(batch: RequestBatch, ref: LinkRef): void {
  const { header, name } = address(ref);
  batch.add(RTM_GETLINK, 0, LINK_MESSAGE, header, { ...name, extMask: RTEXT_FILTER_SKIP_STATS });
}

/** The link, or undefined when there is none of that name or index. */
export function* findLink(ref: LinkRef): Operation<Link | undefined> {
  const [outcome] = yield* ask((batch) => addGet(batch, ref));
  if (outcome === undefined || outcome.verdict.errno === ENODEV) return undefined;
  expectSuccess(outcome, { what: `look up link ${refWord(ref)}`, request: 'RTM_GETLINK' });
  const [message] = outcome.messages;
  return message === undefined ? undefined : readLink(message);
}

/** The link; ENODEV with the nearest name when there is none. `field` is the option that named it. */
export function* getLink(ref: LinkRef, field = 'link'): Operation<Link> {
  checkRef(field, ref);
  const link = yield* findLink(ref);
  if (link !== undefined) return link;
  const all = (yield* listLinks()).flatMap(({ ifname, altnames }) => [ifname, ...altnames]);
  const names = all.filter((name) => ownerOf(name) === undefined);
  const near = typeof ref === 'string' ? nearest(ref, names) : undefined;
  throw new NetloomError('ENODEV', `cannot find link ${refWord(ref)}: there is none in this namespace`, {
    field,
    request: 'RTM_GETLINK',
    hint: near === undefined ? `links here: ${names.slice(0, 12).join(', ')}` : `did you mean '${near}'?`,
  });
}

/** An index as it is; a name is looked up. */
export function* resolveLink(ref: LinkRef, field: string): Operation<number> {
  checkRef(field, ref);
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
  return option[0] === 'afSpec' ? 'addrGenMode' : option.join('.') || undefined;
}

/**
 * The option at fault where the kernel points at no attribute: the one that its words name (`mtu greater than
 * device maximum`), or the only one of the kind's that was given.
 */
export function optionNamed(words: string, settings: object, data: object | undefined): string | undefined {
  const given = data === undefined || data instanceof Uint8Array ? [] : Object.keys(data);
  const said = words.toLowerCase().split(/[^a-z0-9]+/);
  if (said.includes('enslave')) return 'master';
  const named = [...Object.keys(settings), ...given].filter((name) => said.includes(name.toLowerCase()));
  if (named.length === 1) return named[0];
  return given.length === 1 ? given[0] : undefined;
}
