import { dataWords, inNetns, ip, linkSetCommand, refWord } from './iproute2.js';
import type { Link } from './link.js';
import type { LinkChange } from './link-kinds.js';
import { addLater } from './link-messages.js';
import {
  checkSettings,
  type LinkBirth,
  linkParts,
  type LinkRef,
  portAttributes,
  splitOptions,
} from './link-options.js';
import { address, getLink, optionNamed, optionOf, resolveLink } from './link-queries.js';
import { type Asked, ignoredError, ignoredField } from './link-read-back.js';
import { IFF_UP, LINK_MESSAGE, RTM_DELLINK, RTM_NEWLINK } from './netlink/tables/link.js';
import { ask, type Operation } from './operation.js';
import { expectSuccess, type RequestContext } from './refusal.js';

const ENODEV = 19;

/** Options of a link as a port, by its master's kind. */
export interface PortChange {
  readonly kind: string;
  readonly options: object;
}

/** Removes a link; one that is gone already is success. */
export function* removeLink(netns: string | undefined, ref: LinkRef): Operation<void> {
  const { header, name } = address(ref);
  const [outcome] = yield* ask((batch) => batch.add(RTM_DELLINK, 0, LINK_MESSAGE, header, name));
  if (outcome === undefined || outcome.verdict.errno === ENODEV) return;
  expectSuccess(outcome, {
    what: `remove link ${refWord(ref)}`,
    request: 'RTM_DELLINK',
    command: () => `${ip(netns)} link delete dev ${refWord(ref)}`,
  });
}

/** Changes a link, and as a port its options there, and reads it back. */
export function* setLink(
  netns: string | undefined,
  ref: LinkRef,
  settings: LinkChange,
  port?: PortChange,
): Operation<Link> {
  const before = yield* getLink(ref);
  const { ifindex } = before;
  const { settings: common, data } = splitOptions(before.kind ?? '', { ...settings });
  checkSettings(common);
  const slaveData = port === undefined ? undefined : portAttributes(port.kind, port.options);
  const master = common.master === null ? 0 : yield* resolveMaster(common);
  const parts = linkParts(common, { master });
  const context: RequestContext = {
    what: `change link ${before.ifname}`,
    request: 'RTM_NEWLINK',
    field: (path, words) => optionOf(path) ?? optionNamed(words, common, slaveData ?? data),
    command: () => setCommand(netns, before, common, data, slaveData),
  };
  const outcomes = yield* ask((batch) => {
    const change = common.up === true ? parts.change & ~IFF_UP : parts.change;
    const header = { ifindex, flags: parts.flags & change, change };
    // RTM_SETLINK ignores IFLA_INFO_DATA; RTM_NEWLINK without NLM_F_CREATE takes it.
    const linkinfo =
      data === undefined || before.kind === undefined ? {} : { linkinfo: { kind: before.kind, data } };
    batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, header, { ...parts.attributes, ...linkinfo });
    addLater(batch, ifindex, parts);
    // A port's options need the port to be one already: the master was set by the first message.
    if (slaveData !== undefined && port !== undefined) {
      const slave = { linkinfo: { slaveKind: port.kind, slaveData } };
      batch.add(RTM_NEWLINK, 0, LINK_MESSAGE, { ifindex }, slave);
    }
  });
  for (const outcome of outcomes) expectSuccess(outcome, context);
  const after = yield* getLink(ifindex);
  const asked: Asked = { settings: common, master, data, slaveData };
  const ignored = ignoredField(after, asked);
  if (ignored !== undefined) throw ignoredError(context.what, ignored, context.command?.() ?? '');
  return after;
}

function* resolveMaster({ master }: LinkBirth): Operation<number | undefined> {
  return master == null ? undefined : yield* resolveLink(master, 'master');
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
    words.push(`&& ${inNetns(netns, 'bridge')} link set dev ${refWord(link)}`);
    words.push(...dataWords('bridgePort', port));
  }
  return words.join(' ');
}
