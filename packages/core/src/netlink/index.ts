// `@netloom/core/netlink`: sockets, codec and tables, usable without the rest of Netloom.
export { type Source, sourceOf, Writer } from './bytes.js';
export * from './codec.js';
export { canCompile, MalformedMessage } from './compile.js';
export * from './constants.js';
export { type Outcome, outcomesOf, RequestBatch } from './exchange.js';
export { pathAt, readVerdict, type Verdict } from './extack.js';
export { formatIp, parseIp } from './ip-address.js';
export {
  format,
  type Message,
  type MessageFormat,
  messagesIn,
  readAttributes,
  readHeader,
  writeMessage,
} from './message.js';
export { NetlinkSocket, type Notification, type SocketOptions } from './socket.js';
export * from './table.js';
export * from './tables/address.js';
export * from './tables/bridge.js';
export * from './tables/bridge-port.js';
export * from './tables/ipvlan.js';
export * from './tables/link.js';
export * from './tables/link-header.js';
export * from './tables/macvlan.js';
export * from './tables/nsid.js';
export * from './tables/route.js';
export * from './tables/tun.js';
export * from './tables/veth.js';
export * from './tables/vlan.js';
export * from './tables/vrf.js';
export * from './tables/vxlan.js';
