import type { TunQueue } from '@netloom/native';
import { HeldLink, type Link, type LinkHandle, type LinkSettings, type Netns } from '@netloom/core';

/**
 * A TUN or TAP device that this program holds: its link, and its queues' descriptors. Kept, one that is not
 * persistent still falls with its descriptors.
 */
export class TunLink extends HeldLink {
  readonly #queues: readonly TunQueue[];

  /** Made by `createTap` and `createTun`. */
  constructor(netns: Netns, handle: LinkHandle, queues: readonly TunQueue[]) {
    super(netns, handle);
    this.#queues = queues;
  }

  /** One descriptor a queue, in order; -1 once closed. They stay this object's: hand on, do not close. */
  get fds(): readonly number[] {
    return this.#queues.map(({ fd }) => fd);
  }

  /** Changes the link and reads it back. */
  set(settings: LinkSettings): Promise<Link> {
    return this.handle.set({ ...settings });
  }

  /** Says whether the link has carrier (TUNSETCARRIER): a cable pulled or put in. */
  setCarrier(carrier: boolean): void {
    this.#queues[0]?.setCarrier(carrier);
  }

  /** Closes the descriptors. A device that is not persistent is gone when nobody else holds one. */
  close(): void {
    for (const queue of this.#queues) queue.close();
  }

  /** Takes the device away, whoever else holds descriptors of it; gone already is success. */
  override async remove(): Promise<void> {
    // By netlink first: closing the last descriptor would remove it too, but inside close(2), which would
    // hold up the event loop for the 16 ms that a removal costs.
    await super.remove();
    this.close();
  }

  /** Removes the device when it is owned, else closes the descriptors. */
  override async [Symbol.asyncDispose](): Promise<void> {
    if (this.owned) await this.remove();
    else this.close();
  }
}
