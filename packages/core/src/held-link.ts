import type { Link } from './link.js';
import type { LinkHandle } from './link-handle.js';
import type { Netns } from './netns.js';

/**
 * A link that a program holds as something more than a link: a bridge, a cable, a TAP. Disposal removes it
 * when it is owned, and leaves it when it was opened or kept.
 */
export abstract class HeldLink implements AsyncDisposable {
  /** The namespace that it was made in. */
  readonly netns: Netns;
  /** The link itself, for the packages that build on it. */
  protected readonly handle: LinkHandle;

  /** Called by the classes that extend it. */
  constructor(netns: Netns, handle: LinkHandle) {
    this.netns = netns;
    this.handle = handle;
  }

  /** The link's index in its namespace. */
  get ifindex(): number {
    return this.handle.ifindex;
  }

  /** The name when the handle was made. */
  get ifname(): string {
    return this.handle.ifname;
  }

  /** Whether disposal removes it. */
  get owned(): boolean {
    return this.handle.owned;
  }

  /** The link as it is now, with its counters and the options of its kind. ENODEV when it is gone. */
  get(): Promise<Link> {
    return this.handle.get();
  }

  /** Takes it away; gone already is success. */
  remove(): Promise<void> {
    return this.handle.remove();
  }

  /** Gives ownership up: it stays. */
  async keep(): Promise<this> {
    await this.handle.keep();
    return this;
  }

  /** Removes it when it is owned. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.handle[Symbol.asyncDispose]();
  }
}
