import { ArgumentError } from './errors.js';
import { linkAddCommand } from './iproute2.js';
import { type Link, readLink } from './link.js';
import { removeLink } from './link-change.js';
import type { NewLink } from './link-kinds.js';
import { addLater, addMark, dropMark, hasLater } from './link-messages.js';
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

/** What a created link is: as it stands, and the mark that it carries. */
export interface Born {
  readonly link: Link;
  readonly mark: string | undefined;
}

/**
 * Creates a link, marks it and reads it back in one send. The mark names an index that we chose, never the
 * name: were the name taken, the mark must not land on the link that has it. What the kernel ignores in a
 * creating request goes into a second send, when it is sure whose the index is.
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
  const created = yield* createUnderIndex(settings, parts, { ...parts.attributes, linkinfo }, mark, context);
  try {
    const link = hasLater(parts) ? yield* finish(created.ifindex, parts, context) : created;
    const asked: Asked = { settings, master: refs.master, data };
    const ignored = ignoredField(link, asked);
    if (ignored !== undefined) throw ignoredError(context.what, ignored, context.command?.() ?? '');
    return { link, mark };
  } catch (error) {
    yield* removeLink(netns, created.ifindex);
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
  for (let tries = 1; ; tries++) {
    const ifindex = settings.ifindex ?? chooseIfindex();
    // IFF_UP waits for what has to stand before it.
    const flags = hasLater(parts) ? parts.flags & ~IFF_UP : parts.flags;
    const outcomes = yield* ask((batch) => {
      const header = { ifindex, flags, change: parts.change };
      const create = NLM_F_CREATE | NLM_F_EXCL;
      if (mark === undefined) batch.add(RTM_NEWLINK, create, LINK_MESSAGE, header, attributes);
      else {
        batch.addJoined(RTM_NEWLINK, create, LINK_MESSAGE, header, attributes);
        addMark(batch, ifindex, mark);
      }
      addGet(batch, ifindex);
    });
    const created = outcomeAt(outcomes, 0);
    const marked = mark === undefined ? undefined : outcomeAt(outcomes, 1);
    const [message] = outcomeAt(outcomes, outcomes.length - 1).messages;
    if (created.verdict.errno === 0 && message !== undefined) {
      if (marked === undefined || marked.verdict.errno === 0) return readLink(message);
      yield* removeLink(undefined, ifindex);
      throw refusal(marked, { ...context, request: 'RTM_NEWLINKPROP' });
    }
    // The index was somebody's already, and the mark reached that link. Take it back.
    if (mark !== undefined && marked?.verdict.errno === 0) yield* dropMark(ifindex, mark);
    const taken = yield* whoHasName(created, settings);
    const indexTaken = isTaken(created) && taken === undefined && message !== undefined;
    if (indexTaken && settings.ifindex === undefined && tries < TRIES) continue;
    throw refusal(created, { ...context, ...explainTaken(taken, indexTaken) });
  }
}

const isTaken = ({ verdict }: Outcome) => verdict.errno === EEXIST || verdict.errno === EBUSY;

/** Looks who has the name, instead of guessing. */
function* whoHasName(outcome: Outcome, settings: LinkBirth): Operation<Link | undefined> {
  if (!isTaken(outcome) || settings.ifname === undefined) return undefined;
  return yield* findLink(settings.ifname);
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
