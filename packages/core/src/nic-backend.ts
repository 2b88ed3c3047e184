/** What a VMM has to be handed for one vNIC whose back-end is a TAP. `@netloom/vnic` makes these. */
export interface TapBackend {
  readonly type: 'tap';
  /** The TAP's name on the host. */
  readonly ifname: string;
  /** One descriptor a queue, in queue order, open for as long as the back-end is. */
  readonly fds: readonly number[];
  /** One /dev/vhost-net descriptor a queue, or none: then the VMM pumps the frames itself. */
  readonly vhostFds: readonly number[];
  /** Whether frames carry a virtio-net header (IFF_VNET_HDR). */
  readonly vnetHeader: boolean;
}

/** The back-end of a vNIC, as a VMM takes it. */
export type NicBackend = TapBackend;
