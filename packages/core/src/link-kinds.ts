import type { AttributeSet, Table, ValuesOf } from './netlink/table.js';
import type { BRIDGE } from './netlink/tables/bridge.js';
import type { BRIDGE_PORT } from './netlink/tables/bridge-port.js';
import { LINK_KINDS, PORT_KINDS } from './netlink/tables/link.js';
import type { MACVLAN } from './netlink/tables/macvlan.js';
import type { IPVLAN } from './netlink/tables/ipvlan.js';
import type { VLAN } from './netlink/tables/vlan.js';
import type { VRF } from './netlink/tables/vrf.js';
import type { VXLAN } from './netlink/tables/vxlan.js';
import type { LinkBirth, LinkRef, LinkSettings } from './link-options.js';

export type TableNames = readonly string[];

const namesOf = (tables: ReadonlyMap<string, Table<AttributeSet>>) =>
  new Map([...tables].map(([kind, { attributes }]): [string, TableNames] => [kind, Object.keys(attributes)]));

/** Option names by kind: the attributes of its table. */
export const KIND_TABLES: ReadonlyMap<string, TableNames> = new Map([
  ...namesOf(LINK_KINDS),
  // Kinds that have no attributes of their own take none, instead of bytes that nobody could check.
  ...['dummy', 'ifb'].map((kind): [string, TableNames] => [kind, []]),
]);
export const PORT_TABLES: ReadonlyMap<string, TableNames> = namesOf(PORT_KINDS);

/** What a bridge shows and does not take. */
type BridgeReadOnly =
  | 'rootId'
  | 'bridgeId'
  | 'rootPort'
  | 'rootPathCost'
  | 'topologyChange'
  | 'topologyChangeDetected'
  | 'helloTimer'
  | 'tcnTimer'
  | 'topologyChangeTimer'
  | 'gcTimer'
  | 'mcastQuerierState'
  | 'fdbNLearned'
  | 'unknown';

/** Attributes of a bridge that can be set. Times are seconds. */
export type BridgeSettings = Omit<ValuesOf<typeof BRIDGE>, BridgeReadOnly>;

type PortReadOnly =
  | 'rootId'
  | 'bridgeId'
  | 'designatedPort'
  | 'designatedCost'
  | 'id'
  | 'no'
  | 'topologyChangeAck'
  | 'configPending'
  | 'messageAgeTimer'
  | 'forwardDelayTimer'
  | 'holdTimer'
  | 'mcastEhtHostsCnt'
  | 'mcastNGroups'
  | 'unknown';

/** Attributes of a bridge port that can be set. */
export type BridgePortSettings = Omit<ValuesOf<typeof BRIDGE_PORT>, PortReadOnly>;

/** Attributes of a macvlan or macvtap that can be set. */
export type MacvlanSettings = Omit<ValuesOf<typeof MACVLAN>, 'bcQueueLenUsed' | 'unknown'>;

/** Attributes of a VXLAN; `link` is the underlay, `group` the multicast group or the one remote. */
export type VxlanSettings = Omit<ValuesOf<typeof VXLAN>, 'link' | 'unknown'> & { link?: LinkRef };

/** Attributes of an 802.1Q or 802.1ad link. */
export type VlanSettings = Omit<ValuesOf<typeof VLAN>, 'unknown'>;
/** Attributes of a routing domain. */
export type VrfSettings = Omit<ValuesOf<typeof VRF>, 'unknown'>;
/** Attributes of an ipvlan: a mode and its flags. */
export type IpvlanSettings = Omit<ValuesOf<typeof IPVLAN>, 'unknown'>;

/** The far end of a veth pair: a link of its own, in the same namespace. `createVeth` takes two. */
export interface VethSettings {
  peer?: {
    ifname?: string;
    mtu?: number;
    address?: string;
    ifindex?: number;
    /** Descriptor of the namespace that the peer is born in. */
    netNsFd?: number;
  };
}

/** A link to be made, by kind. Other kinds take their attributes as bytes (`data`). */
export type NewLink =
  | ({ kind: 'bridge' } & LinkBirth & BridgeSettings)
  | ({ kind: 'veth' } & LinkBirth & VethSettings)
  | ({ kind: 'macvlan' | 'macvtap' } & LinkBirth & MacvlanSettings)
  | ({ kind: 'vxlan' } & Omit<LinkBirth, 'link' | 'group'> & VxlanSettings)
  | ({ kind: 'vlan' } & LinkBirth & VlanSettings)
  | ({ kind: 'vrf' } & LinkBirth & VrfSettings)
  | ({ kind: 'ipvlan' } & LinkBirth & IpvlanSettings)
  | ({ kind: 'dummy' | 'ifb' } & LinkBirth)
  | ({ kind: string; data?: Uint8Array } & LinkBirth);

/** What can be changed of a link: what all links share, and the options of its kind. */
export type LinkChange =
  | (LinkSettings & BridgeSettings)
  | (LinkSettings & MacvlanSettings)
  | (Omit<LinkSettings, 'group'> & VxlanSettings);
