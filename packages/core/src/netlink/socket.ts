import native, { type Descriptor, type NetlinkSocket as NativeSocket } from '@netloom/native';
import { NETLINK_ROUTE } from './constants.js';
import { type Outcome, outcomesOf, RequestBatch } from './exchange.js';
import { type Message, messagesIn } from './message.js';

/** How a netlink socket is opened. */
export interface SocketOptions {
  /** A namespace descriptor; the calling process's own namespace when left out. */
  netns?: Descriptor | undefined;
  /** NETLINK_ROUTE (0) by default, NETLINK_GENERIC (16), … */
  protocol?: number | undefined;
  /**
   * Receive buffer in bytes, before the kernel doubles it. Default 1 MiB for sockets that exchange:
   * it decides how many requests go into one send.
   */
  receiveBuffer?: number | undefined;
}

/** What a listening socket hears: messages, or an errno (ENOBUFS: the kernel had to drop some). */
export type Notification =
  | { readonly errno: 0; readonly messages: readonly Message[] }
  | { readonly errno: number };

/**
 * A netlink socket: requests in, outcomes out. Strict checking (NETLINK_GET_STRICT_CHK), extended and
 * capped acknowledgements are on. Knows nothing of links or routes: that is in tables.
 */
export class NetlinkSocket {
  readonly #native: NativeSocket;
  #seq = 1;

  /** Takes over a native socket; `NetlinkSocket.open` makes one. */
  constructor(socket: NativeSocket) {
    this.#native = socket;
  }

  /** Opens a socket in a namespace; needs no right of its own. */
  static open(options: SocketOptions = {}): NetlinkSocket {
    const { netns, protocol = NETLINK_ROUTE, receiveBuffer = 1 << 20 } = options;
    return new NetlinkSocket(native.openNetlink(netns ?? null, protocol, receiveBuffer));
  }

  /** An empty batch with this socket's next sequence numbers; one batch is filled and sent at a time. */
  batch(): RequestBatch {
    return new RequestBatch(this.#seq);
  }

  /** Sends on a request thread; resolves with one outcome a request, in order. */
  async exchange(batch: RequestBatch): Promise<Outcome[]> {
    this.#advance(batch);
    return outcomesOf(batch, await this.#native.exchange(batch.bytes()));
  }

  /** Sends and reads at once, on the calling thread, which waits for the kernel's work. */
  exchangeSync(batch: RequestBatch): Outcome[] {
    this.#advance(batch);
    return outcomesOf(batch, this.#native.exchangeSync(batch.bytes()));
  }

  /** Joins multicast groups (RTNLGRP_LINK is 1) and delivers what arrives through the event loop. */
  listen(groups: readonly number[], heard: (notification: Notification) => void): void {
    for (const group of groups) this.#native.join(group);
    this.#native.listen((errno, bytes) => {
      heard(bytes === null ? { errno } : { errno: 0, messages: [...messagesIn(bytes)] });
    });
  }

  /** Lets the process end although this socket listens. */
  unref(): void {
    this.#native.unref();
  }

  /** Closes the socket; requests that wait reject with EBADF. Closing again does nothing. */
  close(): void {
    this.#native.close();
  }

  #advance(batch: RequestBatch): void {
    this.#seq = batch.firstSeq + batch.count;
    // Sequence numbers are 32 bits; start again long before a batch could wrap inside.
    if (this.#seq > 0x7fff_ffff) this.#seq = 1;
  }
}
