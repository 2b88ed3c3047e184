export type { Address, AddressFilter, AddressOptions } from './address-operations.js';
export { Addresses, SyncAddresses } from './addresses.js';
export { errnoName, errnoText } from './errno.js';
export {
  ArgumentError,
  DumpInterruptedError,
  NetlinkError,
  NetloomError,
  type NetloomErrorDetails,
} from './errors.js';
export { HeldLink } from './held-link.js';
export { leftovers, type Leftover, sweep, SweepError } from './leftovers.js';
export type { BridgeData, Link, LinkStats, OperState } from './link.js';
export { LinkHandle } from './link-handle.js';
export type {
  BridgePortSettings,
  BridgeSettings,
  LinkChange,
  IpvlanSettings,
  MacvlanSettings,
  NewLink,
  VethSettings,
  VlanSettings,
  VrfSettings,
  VxlanSettings,
} from './link-kinds.js';
export { markLink } from './link-messages.js';
export {
  LINK_SETTINGS,
  type LinkBirth,
  linkOptionNames,
  type LinkRef,
  type LinkSettings,
} from './link-options.js';
export { chooseIfindex, type LinkFilter } from './link-queries.js';
export { type Cancellable, Links, SyncLinks } from './links.js';
export { checkNetns, Netns, type SyncFace } from './netns.js';
export type { NicBackend, TapBackend } from './nic-backend.js';
export { createNetns, type NetnsRef, openNetns, openNetnsSync } from './open-netns.js';
export type { Opener } from './opener.js';
export type { Operation, Step } from './operation.js';
export { checkBoolean, checkIfname, checkInteger, checkMac, checkOptions } from './options.js';
export { createMark, ownerOf, releaseMark } from './owner.js';
export type { OwnerRecord, OwnerState } from './owner-record.js';
export { fromNative } from './refusal.js';
export { networkOf, overlaps, parsePrefix, type Prefix } from './prefix.js';
export { printable } from './printable.js';
export { PROTOCOL } from './protocol.js';
export type { Route, RouteFilter, RouteOptions, RouteType } from './route-operations.js';
export { Routes, SyncRoutes } from './routes.js';
export { Sysctls } from './sysctls.js';
