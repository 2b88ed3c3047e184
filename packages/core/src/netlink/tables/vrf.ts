import { u32 } from '../codec.js';
import { attr, table } from '../table.js';

/** IFLA_VRF_*: a routing domain with a table of its own (drivers/net/vrf.c). */
export const VRF = table('IFLA_VRF', { table: attr(1, u32) });
