import { describe, expect, test } from 'vitest';
import * as core from '../src/netlink/index.js';
import { readHeaders } from './c-header.js';
import { TABLES } from './tables.js';

// The kernel's own numbers: what a table says is compared with the headers that are installed here.
const HEADER = readHeaders(
  'linux/netlink.h',
  'linux/rtnetlink.h',
  'linux/if.h',
  'linux/if_link.h',
  'linux/if_addr.h',
  'linux/net_namespace.h',
  'linux/veth.h',
);

/** Attributes that came after Linux 6.1, whose headers Debian 12 has: by C name, with the release. */
const NEWER: ReadonlyMap<string, string> = new Map([
  ['IFLA_DEVLINK_PORT', '6.2'],
  ['IFLA_GSO_IPV4_MAX_SIZE', '6.3'],
  ['IFLA_GRO_IPV4_MAX_SIZE', '6.3'],
  ['IFLA_DPLL_PIN', '6.7'],
  ['IFLA_MAX_PACING_OFFLOAD_HORIZON', '6.13'],
  ['IFLA_NETNS_IMMUTABLE', '6.15'],
  ['IFLA_HEADROOM', '6.18'],
  ['IFLA_TAILROOM', '6.18'],
  ['IFLA_BR_FDB_N_LEARNED', '6.7'],
  ['IFLA_BR_FDB_MAX_LEARNED', '6.7'],
  ['IFLA_BRPORT_MAB', '6.2'],
  ['IFLA_BRPORT_MCAST_N_GROUPS', '6.3'],
  ['IFLA_BRPORT_MCAST_MAX_GROUPS', '6.3'],
  ['IFLA_BRPORT_NEIGH_VLAN_SUPPRESS', '6.4'],
  ['IFLA_BRPORT_BACKUP_NHID', '6.6'],
  ['IFLA_MACVLAN_BC_CUTOFF', '6.4'],
  ['IFLA_VXLAN_LOCALBYPASS', '6.5'],
  ['IFLA_VXLAN_LABEL_POLICY', '6.8'],
]);

/** What the headers have and the tables leave out, each with its reason. Such an attribute is kept as unknown. */
const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ['IFLA_COST', 'a placeholder: no kernel sends or reads it'],
  ['IFLA_PRIORITY', 'a placeholder: no kernel sends or reads it'],
  ['IFLA_WEIGHT', 'a placeholder: read and thrown away'],
  ['IFLA_WIRELESS', 'events of wireless extensions, not asked for'],
  ['IFLA_VF_PORTS', 'SR-IOV port profiles (802.1Qbg), asked for with RTEXT_FILTER_VF only'],
  ['IFLA_PORT_SELF', 'SR-IOV port profiles (802.1Qbg), asked for with RTEXT_FILTER_VF only'],
  ['IFLA_IF_NETNSID', 'the old name of IFLA_TARGET_NETNSID'],
  ['IFLA_INET6_MCAST', 'a placeholder: no kernel sends it'],
  ['RTA_SESSION', 'no longer used, says the header'],
  ['RTA_MP_ALGO', 'no longer used, says the header'],
  ['RTA_FLOWLABEL', 'newer than the table (6.14)'],
  ['IFLA_VXLAN_RESERVED_BITS', 'newer than the table (6.14)'],
  ['IFLA_VXLAN_MC_ROUTE', 'newer than the table (6.17)'],
  ['IFLA_VXLAN_LOCALBIND', 'newer than the table (6.18)'],
  ['IFLA_BR_STP_MODE', 'newer than the table (7.1)'],
]);

const NOT_ATTRIBUTES = /^__|_(UNSPEC|NONE|UNUSED|PAD|MAX)$/;

/** `ageingTime` of IFLA_BR is IFLA_BR_AGEING_TIME. */
const cName = (prefix: string, key: string) =>
  `${prefix}_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;

/** Tables whose prefix is no enum of attributes: numbers are address families, checked below. */
const FAMILIES = new Set(['LINK_AF_SPEC']);
/** A nest that holds one attribute of another set. */
const PARTS = new Set(['LINK_PROPERTIES']);

const CHECKED = TABLES.filter(([name]) => !FAMILIES.has(name));

test('the headers were read: a known number of each kind', () => {
  expect(HEADER.values.get('IFLA_LINKINFO')).toBe(18);
  expect(HEADER.values.get('IFLA_TARGET_NETNSID')).toBe(46);
  expect(HEADER.values.get('NLM_F_DUMP')).toBe(0x300);
  expect(HEADER.values.get('IFF_LOWER_UP')).toBe(0x10000);
  expect(CHECKED.length).toBeGreaterThanOrEqual(14);
});

describe.each(CHECKED)('%s', (constant, { name: prefix, attributes }) => {
  const named = Object.entries(attributes).map(([key, { type }]) => [cName(prefix, key), type] as const);

  test('has the header’s number for every attribute', () => {
    const wrong = named
      .filter(([name, type]) => HEADER.values.has(name) && HEADER.values.get(name) !== type)
      .map(([name, type]) => `${name} is ${type}, the header has ${HEADER.values.get(name)}`);
    expect(wrong).toEqual([]);
  });

  test('has no name that neither the header nor a later kernel knows', () => {
    const unknown = named.filter(([name]) => !HEADER.values.has(name) && !NEWER.has(name));
    expect(unknown.map(([name]) => name)).toEqual([]);
  });

  if (PARTS.has(constant)) return;

  test('has every attribute that the header has', () => {
    const known = new Set(named.map(([name]) => name));
    const [first] = named.filter(([name]) => HEADER.values.has(name));
    const members = HEADER.enums.find((one) => one.includes(first?.[0] ?? ''));
    expect(members, `no enum with ${first?.[0]}`).toBeDefined();
    const missing = (members ?? []).filter(
      (name) =>
        name.startsWith(`${prefix}_`) &&
        !NOT_ATTRIBUTES.test(name) &&
        !known.has(name) &&
        !LEFT_OUT.has(name),
    );
    expect(missing).toEqual([]);
  });
});

test('newer attributes follow those of the header without a gap', () => {
  const numbers = new Map(
    CHECKED.flatMap(([, { name, attributes }]) =>
      Object.entries(attributes).map(([key, { type }]) => [cName(name, key), type] as const),
    ),
  );
  for (const name of NEWER.keys()) {
    const number = numbers.get(name);
    expect(number, name).toBeDefined();
    if (HEADER.values.has(name)) expect(number, name).toBe(HEADER.values.get(name));
    const set = CHECKED.find(
      ([constant, table]) =>
        !PARTS.has(constant) && Object.keys(table.attributes).some((key) => cName(table.name, key) === name),
    );
    const types = Object.values(set?.[1].attributes ?? {}).map(({ type }) => type);
    expect(types, `${name}: the number before it`).toContain((number ?? 0) - 1);
  }
});

test('what is left out is really left out', () => {
  const present = new Set(
    CHECKED.flatMap(([, { name, attributes }]) => Object.keys(attributes).map((key) => cName(name, key))),
  );
  expect([...LEFT_OUT.keys()].filter((name) => present.has(name))).toEqual([]);
});

test('address families have Linux’s numbers', () => {
  const { inet, inet6 } = core.LINK_AF_SPEC.attributes;
  expect([inet.type, inet6.type]).toEqual([2, 10]);
});

describe('constants', () => {
  const constants = Object.entries(core).filter(
    (entry): entry is [string, number] => /^[A-Z][A-Z0-9_]*$/.test(entry[0]) && typeof entry[1] === 'number',
  );

  test.each(constants.filter(([name]) => name !== 'HEADER_SIZE'))('%s is the header’s', (name, value) => {
    expect(HEADER.values.get(name)).toBe(value);
  });

  test('of all families are compared', () => {
    const prefixes = new Set(constants.map(([name]) => name.replace(/_.*/, '')));
    for (const prefix of ['RTM', 'NLM', 'NLMSG', 'IFA', 'IFF', 'RT', 'RTEXT', 'NETLINK']) {
      expect(prefixes).toContain(prefix);
    }
  });
});

/** Where the kernel’s policy says more than the header: what a value on the wire means. */
describe('byte order and sign', () => {
  test.each([
    ['IFLA_BR_VLAN_PROTOCOL', core.BRIDGE.attributes.vlanProtocol, 'be16'],
    ['IFLA_VXLAN_PORT', core.VXLAN.attributes.port, 'be16'],
    ['IFLA_VXLAN_ID', core.VXLAN.attributes.id, 'u32'],
    // inet_rtm_getroute: nla_get_be16.
    ['RTA_SPORT', core.ROUTE.attributes.sport, 'be16'],
    ['RTA_DPORT', core.ROUTE.attributes.dport, 'be16'],
    // macvlan_policy: NLA_S32; -1 switches the cutoff off.
    ['IFLA_MACVLAN_BC_CUTOFF', core.MACVLAN.attributes.bcCutoff, 's32'],
    ['IFLA_LINK_NETNSID', core.LINK.attributes.linkNetnsid, 's32'],
    ['IFLA_NEW_NETNSID', core.LINK.attributes.newNetnsid, 's32'],
    ['NETNSA_NSID', core.NSID.attributes.nsid, 's32'],
  ])('%s', (_name, { codec }, expected) => {
    expect(codec.name).toBe(expected);
  });

  test.each(['mode', 'guard', 'fastLeave', 'learning', 'unicastFlood', 'isolated', 'locked'] as const)(
    'the port’s %s is a byte, so that it can be cleared (br_port_policy)',
    (name) => {
      expect(core.BRIDGE_PORT.attributes[name].codec.name).toBe('bool8');
    },
  );
});
