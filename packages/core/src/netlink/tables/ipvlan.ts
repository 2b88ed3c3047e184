import { u16 } from '../codec.js';
import { attr, table } from '../table.js';

/** IFLA_IPVLAN_*: a link that shares its lower link's address (drivers/net/ipvlan). */
export const IPVLAN = table('IFLA_IPVLAN', {
  /** 0 L2, 1 L3, 2 L3S. */
  mode: attr(1, u16),
  /** 1 private, 2 vepa; bridge without either. */
  flags: attr(2, u16),
});
