import { ArgumentError, NetlinkError, NetloomError } from './errors.js';
import { linkAddCommand } from './iproute2.js';
import { type Link, readLink } from './link.js';
import { removeLink } from './link-change.js';
import type { NewLink } from './link-kinds.js';
import { addLater, addMark, dropMark, hasLater, markLink } from './link-messages.js';
import {
  checkSettings,
  type LinkBirth,
  type LinkParts,
  linkParts,
  type LinkRef,
  splitOptions,
} from './link-options.js';
import {
  addGet,
  chooseIfindex,
  findLink,
  getLink,
  optionNamed,
  optionOf,
  resolveLink,
} from './link-queries.js';
import { type Asked, ignoredError, ignoredField } from './link-read-back.js';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink/constants.js';
import type { Outcome } from './netlink/exchange.js';
import type { ValuesOf } from './netlink/table.js';
import { IFF_UP, type LINK, LINK_MESSAGE, RTM_NEWLINK } from './netlink/tables/link.js';
import { ask, type Operation, outcomeAt } from './operation.js';
import { refusal, type RequestContext } from './refusal.js';

const EEXIST = 17;
const EBUSY = 16;
/** An index that we chose at random and that is taken is chosen again. */
const TRIES = 3;

/**
 * Creates a link, marks it and reads it back in one send. The mark names an index that we chose, never the
 * name: were the name taken, the mark must not land on the link that has it. What the kernel ignores in a
 * creating request goes into a second send, when it is sure whose the index is.
 */
export function* createLink(
  netns: string | undefined,
  options: NewLink,
  mark: string | undefined,
): Operation<Link> {
  const { kind } = options;
  if (typeof kind !== 'string' || kind === '') throw new ArgumentError('kind', 'a link needs a kind');
  const { settings, data } = splitOptions(kind, { ...options });
  checkSettings(settings);
  const given = data instanceof Uint8Array ? data : { ...data };
  const refs = yield* resolveRefs(settings, data);
  const context: RequestContext = {
    what: `create ${kind}${settings.ifname === undefined ? '' : ` ${settings.ifname}`}`,
    request: 'RTM_NEWLINK',
    field: (path, words) => optionOf(path) ?? optionNamed(words, settings, data),
    command: () => linkAddCommand(netns, kind, settings, given),
  };
  const parts = linkParts(settings, refs);
  const linkinfo = { kind, ...(data === undefined ? {} : { data }) };
  const attributes = { ...parts.attributes, linkinfo };
  const created = yield* undoneByMark(createUnderIndex(settings, parts, attributes, mark, context), mark);
  try {
    const link = hasLater(parts) ? yield* finish(created.ifindex, parts, context) : created;
    const asked: Asked = { settings, master: refs.master, data };
    const ignored = ignoredField(link, asked);
    if (ignored !== undefined) throw ignoredError(context.what, ignored, context.command?.() ?? '');
    return link;
  } catch (error) {
    yield* removeLink(netns, created.ifindex);
    throw error;
  }
}

/** A send that failed may have been carried out all the same: what carries the mark is ours, and goes. */
function* undoneByMark(creation: Operation<Link>, mark: string | undefined): Operation<Link> {
  try {
    return yield* creation;
  } catch (error) {
    if (mark !== undefined && !(error instanceof NetlinkError)) yield* removeLink(undefined, mark);
    throw error;
  }
}

function* resolveRefs(settings: LinkBirth, data: Record<string, unknown> | Uint8Array | undefined) {
  const master = settings.master == null ? undefined : yield* resolveLink(settings.master, 'master');
  const link = settings.link === undefined ? undefined : yield* resolveLink(settings.link, 'link');
  if (data !== undefined && !(data instanceof Uint8Array) && data['link'] !== undefined) {
    data['link'] = yield* resolveLink(data['link'] as LinkRef, 'link');
  }
  return { master, link };
}

function* createUnderIndex(
  settings: LinkBirth,
  parts: LinkParts,
  attributes: ValuesOf<typeof LINK>,
  mark: string | undefined,
  context: RequestContext,
): Operation<Link> {
  // IFF_UP waits for what has to stand before it.
  const flags = hasLater(parts) ? parts.flags & ~IFF_UP : parts.flags;
  if (settings.ifindex !== undefined) {
    // An index that the caller names may be somebody's: the mark must not reach it, so it comes afterwards.
    const header = { ifindex: settings.ifindex, flags, change: parts.change };
    const created = yield* sendCreation(header, attributes, undefined);
    if (created.outcome.verdict.errno !== 0) return yield* refuse(created, settings, context);
    return mark === undefined ? created.link() : yield* markLink(settings.ifindex, mark);
  }
  for (let tries = 1; ; tries++) {
    const ifindex = chooseIfindex();
    const created = yield* sendCreation({ ifindex, flags, change: parts.change }, attributes, mark);
    if (created.outcome.verdict.errno === 0) return created.link();
    // The index that we chose was somebody's already, and the mark reached that link. Take it back.
    if (mark !== undefined && created.marked) yield* dropMark(ifindex, mark);
    const free = isTaken(created.outcome) && (yield* whoHasName(settings)) === undefined;
    if (!free || !created.exists || tries === TRIES) return yield* refuse(created, settings, context);
  }
}

/** The creation, its mark right behind it, and the read-back. */
function* sendCreation(
  header: { ifindex: number; flags: number; change: number },
  attributes: ValuesOf<typeof LINK>,
  mark: string | undefined,
) {
  const { ifindex } = header;
  const outcomes = yield* ask((batch) => {
    const create = NLM_F_CREATE | NLM_F_EXCL;
    if (mark === undefined) batch.add(RTM_NEWLINK, create, LINK_MESSAGE, header, attributes);
    else {
      batch.addJoined(RTM_NEWLINK, create, LINK_MESSAGE, header, attributes);
      addMark(batch, ifindex, mark);
    }
    addGet(batch, ifindex);
  });
  const [message] = outcomeAt(outcomes, outcomes.length - 1).messages;
  return {
    outcome: outcomeAt(outcomes, 0),
    marked: mark !== undefined && outcomeAt(outcomes, 1).verdict.errno === 0,
    /** Whether a link has this index now, ours or another. */
    exists: message !== undefined,
    link: (): Link => {
      if (message !== undefined) return readLink(message);
      throw new NetloomError('ENODEV', `cannot find the link that was created: index ${ifindex} is gone`, {
        request: 'RTM_GETLINK',
        hint: 'another program removed it at once',
      });
    },
  };
}

function* refuse(
  created: { outcome: Outcome; exists: boolean },
  settings: LinkBirth,
  context: RequestContext,
): Operation<never> {
  const taken = isTaken(created.outcome) ? yield* whoHasName(settings) : undefined;
  const indexTaken = isTaken(created.outcome) && taken === undefined && created.exists;
  throw refusal(created.outcome, { ...context, ...explainTaken(taken, indexTaken) });
}

const isTaken = ({ verdict }: Outcome) => verdict.errno === EEXIST || verdict.errno === EBUSY;

/** Looks who has the name, instead of guessing. */
function* whoHasName({ ifname }: LinkBirth): Operation<Link | undefined> {
  return ifname === undefined || ifname.includes('%') ? undefined : yield* findLink(ifname);
}

function explainTaken(taken: Link | undefined, indexTaken: boolean): Partial<RequestContext> {
  if (taken !== undefined) {
    const what = `${taken.ifname} is a ${taken.kind ?? 'device'} with index ${taken.ifindex}`;
    return {
      hint: `${what}: choose another name, or open it instead of creating it`,
      field: () => 'ifname',
    };
  }
  return indexTaken ? { hint: 'another link has this index', field: () => 'ifindex' } : {};
}

/** The second send: alias, address generation, and then up. */
function* finish(ifindex: number, parts: LinkParts, context: RequestContext): Operation<Link> {
  const outcomes = yield* ask((batch) => addLater(batch, ifindex, parts));
  const failed = outcomes.find(({ verdict }) => verdict.errno !== 0);
  if (failed !== undefined) throw refusal(failed, context);
  return yield* getLink(ifindex);
}
