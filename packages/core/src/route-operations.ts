import { ArgumentError } from './errors.js';
import { dump } from './dump.js';
import { ip, refWord } from './iproute2.js';
import type { LinkRef } from './link-options.js';
import { resolveLink } from './link-queries.js';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './netlink/constants.js';
import { type Message, readAttributes, readHeader } from './netlink/message.js';
import type { UnknownAttribute, ValuesOf } from './netlink/table.js';
import {
  type ROUTE,
  ROUTE_MESSAGE,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RTM_DELROUTE,
  RTM_F_CLONED,
  RTM_GETROUTE,
  RTM_NEWROUTE,
} from './netlink/tables/route.js';
import { ask, type Operation, outcomeAt } from './operation.js';
import { checkInteger, checkOptions } from './options.js';
import { familyNumber, parsePrefix, type Prefix } from './prefix.js';
import { PROTOCOL } from './protocol.js';
import { expectSuccess } from './refusal.js';

/** RTN_*. */
const TYPES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
] as const;
/** What a route does with a packet, by the words of `ip route`. */
export type RouteType = (typeof TYPES)[number];

/** A route as RTM_GETROUTE shows it. */
export interface Route {
  readonly family: 4 | 6;
  /** `default`, or `198.51.100.0/24`. */
  readonly dst: string;
  readonly type: RouteType | number;
  readonly gateway?: string;
  /** Outgoing link (ifindex). */
  readonly oif?: number;
  readonly prefsrc?: string;
  /** Metric: the lowest wins. */
  readonly priority?: number;
  readonly table: number;
  /** RTPROT_*: 2 kernel, 3 boot, 4 static. */
  readonly protocol: number;
  /** RT_SCOPE_*: 0 global, 253 link, 254 host. */
  readonly scope: number;
  /** RTNH_F_*. */
  readonly flags: number;
  readonly mtu?: number;
  /** struct rtnexthop entries, as they came, where a route has several next hops. */
  readonly multipath?: Uint8Array;
  readonly unknown?: readonly UnknownAttribute[];
}

/** A route to add or remove. */
export interface RouteOptions {
  /** `198.51.100.0/24`, `2001:db8::/32`, `default`; a default route's family is the gateway's. */
  dst: string;
  gateway?: string;
  /** Outgoing link; `dev` of `ip route`. */
  oif?: LinkRef;
  prefsrc?: string;
  /** Metric, 0 to 2^32-1. */
  priority?: number;
  /** Routing table, 1 to 2^32-1; 254 (main) when left out. */
  table?: number;
  type?: RouteType;
  scope?: 'global' | 'link' | 'host';
  /** Bytes; the path MTU of this route. */
  mtu?: number;
  /** IPv6 default route without gateway: say which family is meant. */
  family?: 4 | 6;
}

const NAMES = ['dst', 'gateway', 'oif', 'prefsrc', 'priority', 'table', 'type', 'scope', 'mtu', 'family'];
const SCOPES = { global: RT_SCOPE_UNIVERSE, link: RT_SCOPE_LINK, host: RT_SCOPE_HOST } as const;

export function readRoute(message: Message): Route {
  const header = readHeader(ROUTE_MESSAGE, message);
  const values = readAttributes(ROUTE_MESSAGE, message);
  const { gateway, oif, prefsrc, priority, multipath, unknown } = values;
  const mtu = values.metrics?.mtu;
  return {
    family: header.family === 2 ? 4 : 6,
    dst: values.dst === undefined ? 'default' : `${values.dst}/${header.dstLen}`,
    type: TYPES[header.type] ?? header.type,
    ...(gateway === undefined ? {} : { gateway }),
    ...(oif === undefined ? {} : { oif }),
    ...(prefsrc === undefined ? {} : { prefsrc }),
    ...(priority === undefined ? {} : { priority }),
    table: values.table ?? header.table,
    protocol: header.protocol,
    scope: header.scope,
    flags: header.flags,
    ...(mtu === undefined ? {} : { mtu }),
    ...(multipath === undefined ? {} : { multipath }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

/** Which routes a list shows: the main table of both families when nothing is said. */
export interface RouteFilter {
  family?: 4 | 6;
  /** A table's number, or every table. */
  table?: number | 'all';
  /** Only routes of this origin (RTPROT_*). */
  protocol?: number;
  oif?: LinkRef;
}

export function* listRoutes(filter: RouteFilter = {}): Operation<Route[]> {
  checkOptions(filter, ['family', 'table', 'protocol', 'oif']);
  const { table = RT_TABLE_MAIN, protocol } = filter;
  const oif = filter.oif === undefined ? undefined : yield* resolveLink(filter.oif, 'oif');
  const families = filter.family === undefined ? ([4, 6] as const) : [filter.family];
  const routes: Route[] = [];
  for (const family of families) {
    const header = { family: familyNumber(family), protocol: protocol ?? 0 };
    // An IPv4 dump filtered by a table that was never used fails (ENOENT), so tables are told apart here.
    const some = yield* dump('list routes', 'RTM_GETROUTE', {
      add: (batch) => batch.addDump(RTM_GETROUTE, ROUTE_MESSAGE, header, {}),
      read: (message) => {
        const route = readRoute(message);
        const wanted =
          (route.flags & RTM_F_CLONED) === 0 &&
          (table === 'all' || route.table === table) &&
          (protocol === undefined || route.protocol === protocol) &&
          (oif === undefined || route.oif === oif);
        return wanted ? route : undefined;
      },
    });
    if (routes.length === 0) routes.push(...some);
    else for (const route of some) routes.push(route);
  }
  return routes;
}

/** A route's options, checked and taken apart. */
interface Checked {
  readonly options: RouteOptions;
  readonly family: 4 | 6;
  readonly dst: Prefix | undefined;
  readonly gateway: Prefix | undefined;
  readonly prefsrc: Prefix | undefined;
}

function check(options: RouteOptions): Checked {
  checkOptions(options, NAMES);
  const { table, priority, mtu, type } = options;
  const dst = options.dst === 'default' ? undefined : parsePrefix('dst', options.dst);
  const gateway = options.gateway === undefined ? undefined : parsePrefix('gateway', options.gateway);
  const prefsrc = options.prefsrc === undefined ? undefined : parsePrefix('prefsrc', options.prefsrc);
  const family = dst?.family ?? gateway?.family ?? options.family ?? 4;
  if (gateway !== undefined && gateway.family !== family) {
    throw new ArgumentError('gateway', `${gateway.address} is not of the family of ${options.dst}`);
  }
  if (table !== undefined) checkInteger('table', table, 1, 0xffff_ffff);
  if (priority !== undefined) checkInteger('priority', priority, 0, 0xffff_ffff);
  if (mtu !== undefined) checkInteger('mtu', mtu, 1, 0xffff_ffff);
  if (type !== undefined && !TYPES.includes(type)) {
    throw new ArgumentError('type', `'${type}' is not a route type: ${TYPES.join(', ')}`);
  }
  return { options, family, dst, gateway, prefsrc };
}

/** The request's header and attributes. */
function request({ options, family, dst, gateway, prefsrc }: Checked, oif: number | undefined) {
  const { priority, table = RT_TABLE_MAIN, type = 'unicast', mtu } = options;
  // As `ip route` has it: a route without a gateway reaches its own link only.
  const local = type === 'local' || type === 'nat';
  const onLink = type === 'unicast' && gateway === undefined && family === 4;
  const scope = options.scope ?? (local ? 'host' : onLink ? 'link' : 'global');
  return {
    header: {
      family: familyNumber(family),
      dstLen: dst?.length ?? 0,
      table: table > 255 ? 0 : table,
      protocol: PROTOCOL,
      scope: SCOPES[scope],
      type: TYPES.indexOf(type),
    },
    // The encoder leaves out what is undefined.
    values: {
      dst: dst?.bytes,
      oif,
      gateway: gateway?.bytes,
      priority,
      prefsrc: prefsrc?.bytes,
      metrics: mtu === undefined ? undefined : { mtu },
      table: table > 255 ? table : undefined,
    } as object as ValuesOf<typeof ROUTE>,
  };
}

function command(netns: string | undefined, verb: string, options: RouteOptions): string {
  const { dst, gateway, oif, prefsrc, priority, table, type, scope, mtu, family } = options;
  const words = [...(type === undefined ? [] : [type]), dst];
  if (gateway !== undefined) words.push('via', gateway);
  if (oif !== undefined) words.push('dev', refWord(oif));
  if (prefsrc !== undefined) words.push('src', prefsrc);
  if (priority !== undefined) words.push('metric', String(priority));
  if (table !== undefined) words.push('table', String(table));
  if (scope !== undefined) words.push('scope', scope);
  if (mtu !== undefined) words.push('mtu', String(mtu));
  words.push('proto', String(PROTOCOL));
  const six = dst.includes(':') || gateway?.includes(':') === true || family === 6;
  return `${ip(netns, six ? 6 : undefined)} route ${verb} ${words.join(' ')}`;
}

/** Adds a route; one to the same destination with the same metric is EEXIST, unless it is replaced. */
export function* addRoute(
  netns: string | undefined,
  options: RouteOptions,
  replace = false,
): Operation<void> {
  const checked = check(options);
  const oif = options.oif === undefined ? undefined : yield* resolveLink(options.oif, 'oif');
  const { header, values } = request(checked, oif);
  const flags = NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL);
  const outcomes = yield* ask((batch) => batch.add(RTM_NEWROUTE, flags, ROUTE_MESSAGE, header, values));
  const outcome = outcomeAt(outcomes, 0);
  if (outcome.verdict.errno === 0) return;
  expectSuccess(outcome, {
    what: `add route ${options.dst}`,
    request: 'RTM_NEWROUTE',
    command: () => command(netns, replace ? 'replace' : 'add', options),
  });
}

/** Removes a route, whoever made it; one that is gone is success. */
export function* removeRoute(netns: string | undefined, options: RouteOptions): Operation<void> {
  const checked = check(options);
  const oif = options.oif === undefined ? undefined : yield* resolveLink(options.oif, 'oif');
  const { header, values } = request(checked, oif);
  // RT_SCOPE_NOWHERE matches any scope, protocol 0 any origin, type 0 any type.
  const any = {
    ...header,
    protocol: 0,
    type: options.type === undefined ? 0 : header.type,
    scope: options.scope === undefined ? RT_SCOPE_NOWHERE : header.scope,
  };
  const outcomes = yield* ask((batch) => batch.add(RTM_DELROUTE, 0, ROUTE_MESSAGE, any, values));
  const outcome = outcomeAt(outcomes, 0);
  // ESRCH (3): no such route; ENODEV (19): its link is gone.
  if (outcome.verdict.errno === 3 || outcome.verdict.errno === 19) return;
  expectSuccess(outcome, {
    what: `remove route ${options.dst}`,
    request: 'RTM_DELROUTE',
    command: () => command(netns, 'delete', options),
  });
}
