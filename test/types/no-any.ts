import type * as bridge from '@netloom/bridge';
import type * as core from '@netloom/core';
import type * as netlink from '@netloom/core/netlink';
import type * as qemu from '@netloom/qemu';
import type * as veth from '@netloom/veth';
import type * as vnic from '@netloom/vnic';
import { type AnyIn, check, type Equal, type IsAny } from './expect-type.js';

// The check itself sees any where there is one.
check<Equal<AnyIn<{ a: { b: unknown } }>, never>>();
// oxlint-disable-next-line typescript/no-explicit-any -- what the check must find
check<Equal<AnyIn<{ a: { b: any } }>, '.a.b'>>();
// oxlint-disable-next-line typescript/no-explicit-any -- what the check must find
check<Equal<AnyIn<{ a(): Promise<{ b: any }> }>, '.a()<>.b'>>();
// oxlint-disable-next-line typescript/no-explicit-any -- what the check must find
check<Equal<AnyIn<{ a: (b: { c: any }) => void }>, '.a(…).c'>>();

// No `any` in a public type (invariant 8): an error here names the path of one.
check<Equal<AnyIn<core.Link>, never>>();
check<Equal<AnyIn<core.NewLink>, never>>();
check<Equal<AnyIn<core.Address>, never>>();
check<Equal<AnyIn<core.AddressOptions>, never>>();
check<Equal<AnyIn<core.Route>, never>>();
check<Equal<AnyIn<core.RouteOptions>, never>>();
check<Equal<AnyIn<core.LinkHandle, 3>, never>>();
check<Equal<AnyIn<core.Netns, 3>, never>>();
check<Equal<AnyIn<core.Links, 3>, never>>();
check<Equal<AnyIn<core.SyncLinks, 3>, never>>();
check<Equal<AnyIn<core.Addresses, 3>, never>>();
check<Equal<AnyIn<core.Routes, 3>, never>>();
check<Equal<AnyIn<core.Sysctls>, never>>();
check<Equal<AnyIn<core.Leftover>, never>>();
check<Equal<AnyIn<core.OwnerRecord>, never>>();
check<Equal<AnyIn<core.NicBackend>, never>>();
check<Equal<AnyIn<core.NetloomErrorDetails>, never>>();
check<Equal<AnyIn<Pick<core.NetlinkError, 'code' | 'errno' | 'field' | 'hint' | 'command'>>, never>>();
check<Equal<AnyIn<netlink.ValuesOf<typeof netlink.LINK>>, never>>();
check<Equal<AnyIn<netlink.ValuesOf<typeof netlink.ROUTE>>, never>>();
check<Equal<AnyIn<netlink.ValuesOf<typeof netlink.ADDRESS>>, never>>();
check<Equal<AnyIn<netlink.RequestBatch, 3>, never>>();
check<Equal<AnyIn<netlink.Outcome>, never>>();
check<Equal<AnyIn<netlink.NetlinkSocket, 3>, never>>();
check<Equal<AnyIn<bridge.Bridge, 3>, never>>();
check<Equal<AnyIn<bridge.BridgeOptions>, never>>();
check<Equal<AnyIn<bridge.BridgePort>, never>>();
check<Equal<AnyIn<veth.Veth, 3>, never>>();
check<Equal<AnyIn<veth.VethEnd, 2>, never>>();
check<Equal<AnyIn<vnic.Tap, 3>, never>>();
check<Equal<AnyIn<vnic.TapOptions>, never>>();
// `console` is Node's Writable, which has any in it.
check<Equal<AnyIn<Omit<qemu.QemuOptions, 'console'>>, never>>();
check<Equal<AnyIn<qemu.QemuVm, 3>, never>>();

// Every export of every package, at its own level.
type AnyExports<M> = { [K in keyof M]: IsAny<M[K]> extends true ? K : never }[keyof M];
check<Equal<AnyExports<typeof core>, never>>();
check<Equal<AnyExports<typeof netlink>, never>>();
check<Equal<AnyExports<typeof bridge>, never>>();
check<Equal<AnyExports<typeof veth>, never>>();
check<Equal<AnyExports<typeof vnic>, never>>();
check<Equal<AnyExports<typeof qemu>, never>>();
