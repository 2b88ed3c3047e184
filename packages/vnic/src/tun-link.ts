import type { TunQueue } from '@netloom/native';
import type { Link, LinkHandle, LinkSettings, Netns } from '@netloom/core';

/** A TUN or TAP device that this program holds: its link, and its queues' descriptors. */
export class TunLink implements AsyncDisposable {
  readonly netns: Netns;
  readonly #handle: LinkHandle;
  readonly #queues: readonly TunQueue[];

  /** Made by `createTap` and `createTun`. */
  constructor(netns: Netns, handle: LinkHandle, queues: readonly TunQueue[]) {
    this.netns = netns;
    this.#handle = handle;
    this.#queues = queues;
  }

  /** The device’s index in its namespace. */
  get ifindex(): number {
    return this.#handle.ifindex;
  }

  /** The name when the device was made. */
  get ifname(): string {
    return this.#handle.ifname;
  }

  /** Whether disposal removes the device. */
  get owned(): boolean {
    return this.#handle.owned;
  }

  /** One descriptor a queue, in order; -1 once closed. They stay this object's: hand on, do not close. */
  get fds(): readonly number[] {
    return this.#queues.map(({ fd }) => fd);
  }

  /** The link as it is now, with its counters. */
  get(): Promise<Link> {
    return this.#handle.get();
  }

  /** Changes the link and reads it back. */
  set(settings: LinkSettings): Promise<Link> {
    return this.#handle.set({ ...settings });
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
  async remove(): Promise<void> {
    // By netlink first: closing the last descriptor would remove it too, but inside close(2), which would
    // hold up the event loop for the 16 ms that a removal costs.
    await this.#handle.remove();
    this.close();
  }

  /** Gives ownership up. A device that is not persistent still falls with its descriptors. */
  async keep(): Promise<this> {
    await this.#handle.keep();
    return this;
  }

  /** `remove()` when the device is owned, else `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.owned) await this.remove();
    else this.close();
  }
}
