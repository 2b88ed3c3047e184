// The contract between C++ and TypeScript: mechanism only. It is private to Netloom's packages; it may
// change in any release. Every failing call throws (or rejects with) a NativeError.

/** What a failed system call leaves: `code` is the errno's name, `syscall` the call that failed. */
export interface NativeError extends Error {
  code: string;
  /** The kernel's number, positive. */
  errno: number;
  /** A system call, socket option or ioctl by its C name ('sendmsg', 'TUNSETIFF', 'open /dev/net/tun'). */
  syscall: string;
  /**
   * Of an exchange that was sent in windows: how many messages, from the first, were answered before the
   * window that failed. Whether those after them were carried out is not known.
   */
  completed?: number;
}

/** A file descriptor with one owner. Closed by `close()`, by garbage collection and when its thread ends. */
export interface Descriptor {
  /** The number, or -1 once closed. Always close-on-exec. */
  readonly fd: number;
  /** Closes it. Calling it again does nothing. */
  close(): void;
}

/** An AF_NETLINK socket, born in the namespace it was opened in and staying there. */
export interface NetlinkSocket extends Descriptor {
  /** The port id that the kernel chose (nlmsg_pid of its answers). */
  readonly portId: number;
  /** SO_RCVBUF as read back: twice what was asked for, as the kernel counts. Bytes. */
  readonly receiveBuffer: number;
  /**
   * Sends one or more whole netlink messages and reads until each message that carries NLM_F_ACK or
   * NLM_F_DUMP is answered. Sequence numbers are the caller's and must rise by one from message to message.
   * More messages than one receive buffer can acknowledge are sent in windows, in order. A request that
   * fails does not stop those after it. Returns all received messages, concatenated, without the bare
   * acknowledgements of success (NLMSG_ERROR with error 0 and no TLV).
   * Throws EMSGSIZE, ENOBUFS, ETIMEDOUT (no answer in 30 s), EINVAL (malformed request), EBADF (closed),
   * EBUSY (the socket listens).
   * A message with neither flag is sent too; what it brings is returned as far as it is queued by then.
   */
  exchangeSync(request: Uint8Array): Uint8Array;
  /** The same, on the process-wide pool of request threads; first in, first out for one socket. */
  exchange(request: Uint8Array): Promise<Uint8Array>;
  /** Joins (or leaves) a multicast group by number. */
  join(group: number): void;
  leave(group: number): void;
  /**
   * Delivers what arrives by itself through the event loop: whole messages, as many as are queued (at most
   * 256 KiB a call), or an errno (ENOBUFS when the kernel dropped some) and null, told when the queue is empty,
   * so that a dump asked for in answer misses nothing. Ends with close(), also inside the callback. An error thrown in the callback is an
   * uncaughtException. A socket that listens must not exchange; it listens once (EBUSY).
   */
  listen(callback: (errno: number, messages: Uint8Array | null) => void): void;
  /** Whether listening keeps the event loop alive (it does, until unref). */
  ref(): void;
  unref(): void;
}

/** One queue of a TUN or TAP device: the descriptor that frames are read from and written to. */
export interface TunQueue extends Descriptor {
  /** The device's name when the queue was opened. */
  readonly ifname: string;
  /** IFF_* as TUNGETIFF reports them now; the bit of IFF_NO_PI (IFF_NOFILTER there) says nothing. */
  readonly flags: number;
  /** TUNGETVNETHDRSZ / TUNSETVNETHDRSZ: bytes of virtio-net header before each frame. */
  getVnetHeaderSize(): number;
  setVnetHeaderSize(bytes: number): void;
  /** TUNSETOFFLOAD: TUN_F_* that the reader of this device accepts. */
  setOffload(flags: number): void;
  /** TUNSETPERSIST: whether the device outlives its last descriptor. */
  setPersist(persist: boolean): void;
  /**
   * TUNSETOWNER / TUNSETGROUP: who may open a persistent device without CAP_NET_ADMIN. -1 means nobody, as
   * for a new device; kernels up to 6.18 at least refuse to go back to it (EINVAL).
   */
  setOwner(uid: number): void;
  setGroup(gid: number): void;
  /** TUNSETQUEUE: detaches or re-attaches this queue (IFF_MULTI_QUEUE devices only). */
  setAttached(attached: boolean): void;
  /** TUNSETCARRIER. */
  setCarrier(carrier: boolean): void;
  /** TUNSETSNDBUF, bytes. */
  setSendBuffer(bytes: number): void;
}

export interface TunRequest {
  /** Up to 15 bytes; may hold one `%d`, which the kernel replaces; '' lets the kernel choose. */
  ifname: string;
  /** IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE | IFF_NAPI | IFF_TUN_EXCL | IFF_NO_CARRIER. */
  flags: number;
  /** TUNSETIFINDEX: the index that a new device gets; 0 lets the kernel choose. */
  ifindex: number;
}

export interface NativeBinding {
  /**
   * Opens a network namespace by path (`/run/netns/red`, `/proc/PID/ns/net`).
   * Throws EINVAL when the file is not a network namespace (NS_GET_NSTYPE).
   */
  openNetns(path: string): Descriptor;
  /** The calling process's own namespace. */
  currentNetns(): Descriptor;
  /** A new, empty namespace: a thread of its own unshares and ends. Throws EPERM without CAP_SYS_ADMIN. */
  createNetns(): Descriptor;
  /** dev and ino of the namespace, its identity. */
  netnsIdentity(netns: Descriptor): { dev: bigint; ino: bigint };

  /**
   * A netlink socket in a namespace (null: the caller's own), with NETLINK_EXT_ACK, NETLINK_CAP_ACK,
   * NETLINK_GET_STRICT_CHK and SOCK_CLOEXEC. `receiveBuffer` is bytes (SO_RCVBUFFORCE where allowed, else
   * SO_RCVBUF); 0 keeps the kernel's default.
   */
  openNetlink(netns: Descriptor | null, protocol: number, receiveBuffer: number): NetlinkSocket;
  /**
   * Opens /dev/net/tun in a namespace and attaches it (TUNSETIFF). The descriptor is non-blocking. Throws
   * EINVAL (TUNGETIFF) when TUN, TAP, VNET_HDR or MULTI_QUEUE came out other than asked.
   */
  openTun(netns: Descriptor | null, request: TunRequest): TunQueue;
  /** TUNGETFEATURES of /dev/net/tun. */
  tunFeatures(): number;
  /**
   * Opens a file below /proc/sys as the namespace sees it; `path` is relative ('net/ipv4/ip_forward') and may
   * not leave it (EINVAL). With `write` it can be read too, unless its mode forbids that.
   */
  openSysctl(netns: Descriptor | null, path: string, write: boolean): Descriptor;

  /** mount(2) with MS_BIND. */
  bindMount(source: string, target: string): void;
  /** Makes a directory a shared mount of its own, as `ip netns` does for /run/netns. */
  shareMount(directory: string): void;
  /** umount2(2) with MNT_DETACH. */
  unmount(target: string): void;
  /** flock(2) with LOCK_EX | LOCK_NB: false when somebody else holds it. */
  tryLock(fd: number): boolean;

  /** Request threads that the process has started so far (at most 4), for tests and diagnostics. */
  requestThreads(): number;
}

declare const native: NativeBinding;
export default native;
