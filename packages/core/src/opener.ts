import native, { type Descriptor, type TunQueue, type TunRequest } from '@netloom/native';
import { NetlinkSocket } from './netlink/socket.js';

/**
 * The one place where descriptors of a namespace come from (invariant 1). It opens them inside; nothing
 * else knows how, and JavaScript never enters a namespace.
 */
export interface Opener {
  /** The namespace itself, for requests that name it by descriptor (IFLA_NET_NS_FD). */
  readonly descriptor: Descriptor;
  /** A path that other programs can enter it by; undefined for the process's own. */
  readonly path: string | undefined;
  /** `receiveBuffer` in bytes; the default of NetlinkSocket.open when left out. */
  openNetlink(protocol: number, receiveBuffer?: number): NetlinkSocket;
  /** One queue of a TUN or TAP device, made or opened inside. */
  openTun(request: TunRequest): TunQueue;
  /** A file below /proc/sys as the namespace sees it; `path` is `net/ipv4/ip_forward`. */
  openSysctl(path: string, write: boolean): Descriptor;
  /** Closes the namespace’s descriptor; what was opened lives on. */
  close(): void;
}

/** A thread that enters the namespace, opens, and is gone: for namespaces that this process may enter. */
export class ThreadOpener implements Opener {
  readonly descriptor: Descriptor;
  /** Null for the process's own namespace: entering it would need CAP_SYS_ADMIN, being there needs nothing. */
  readonly #inside: Descriptor | null;

  constructor(descriptor: Descriptor, own = false) {
    this.descriptor = descriptor;
    this.#inside = own ? null : descriptor;
  }

  get path(): string | undefined {
    return this.#inside === null ? undefined : `/proc/${process.pid}/fd/${this.descriptor.fd}`;
  }

  openNetlink(protocol: number, receiveBuffer?: number): NetlinkSocket {
    return NetlinkSocket.open({ netns: this.#inside ?? undefined, protocol, receiveBuffer });
  }

  openTun(request: TunRequest): TunQueue {
    return native.openTun(this.#inside, request);
  }

  openSysctl(path: string, write: boolean): Descriptor {
    return native.openSysctl(this.#inside, path, write);
  }

  close(): void {
    this.descriptor.close();
  }
}
