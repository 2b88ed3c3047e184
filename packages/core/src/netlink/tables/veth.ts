import { attr, type AttributeSet, embedded, type Table, table } from '../table.js';
import { LINK_HEADER } from './link-header.js';

/**
 * VETH_INFO_* around the table of links, which the peer is one of (drivers/net/veth.c). A kernel never
 * sends it back: the peer is read from its own namespace.
 */
export function vethTable(link: () => Table<AttributeSet>): Table<AttributeSet> {
  return table('VETH_INFO', { peer: attr(1, embedded(LINK_HEADER, link)) });
}
