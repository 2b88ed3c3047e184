import type { LinkParts } from './link-options.js';
import { getLink } from './link-queries.js';
import type { Link } from './link.js';
import { NLM_F_CREATE, NLM_F_EXCL } from './netlink/constants.js';
import type { RequestBatch } from './netlink/exchange.js';
import {
  IFF_UP,
  LINK_MESSAGE,
  RTM_DELLINKPROP,
  RTM_NEWLINK,
  RTM_NEWLINKPROP,
} from './netlink/tables/link.js';
import { ask, type Operation } from './operation.js';
import { expectSuccess } from './refusal.js';

/** Whether there is something that a creating request would ignore. */
export function hasLater(parts: LinkParts): boolean {
  return Object.keys(parts.later).length > 0;
}

/** What a creating request ignores, and then IFF_UP: a link that is up has its IPv6 address already. */
export function addLater(batch: RequestBatch, ifindex: number, parts: LinkParts): void {
  if (hasLater(parts)) batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, { ifindex }, parts.later);
  const up = parts.flags & IFF_UP;
  if (up !== 0) batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, { ifindex, flags: up, change: up }, {});
}

/** The mark as an alternative name: IFLA_PROP_LIST in a creating request is ignored. */
export function addMark(batch: RequestBatch, ifindex: number, mark: string): void {
  const propList = { altIfname: [mark] };
  batch.add(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL, LINK_MESSAGE, { ifindex }, { propList });
}

/** Marks a link that something other than netlink made (TUNSETIFF, a new namespace), and reads it. */
export function* markLink(ifindex: number, mark: string): Operation<Link> {
  const [outcome] = yield* ask((batch) => addMark(batch, ifindex, mark));
  if (outcome !== undefined) {
    expectSuccess(outcome, { what: `mark link ${ifindex} as ours`, request: 'RTM_NEWLINKPROP' });
  }
  return yield* getLink(ifindex);
}

/** Takes a mark off a link: it is nobody's then. Gone already is success. */
export function* dropMark(ifindex: number, mark: string): Operation<void> {
  const propList = { altIfname: [mark] };
  yield* ask((batch) => batch.add(RTM_DELLINKPROP, 0, LINK_MESSAGE, { ifindex }, { propList }));
}
