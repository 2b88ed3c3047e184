import { createMark, releaseMark } from './owner.js';
import type { Link } from './link.js';
import type { LinkChange, NewLink } from './link-kinds.js';
import type { LinkSettings } from './link-options.js';
import { removeLink, setLink } from './link-change.js';
import { createLink } from './link-create.js';
import { dropMark } from './link-messages.js';
import { getLink } from './link-queries.js';
import type { NetnsContext } from './netns-context.js';
import type { Operation } from './operation.js';

/**
 * A link that this program holds: created, then it is owned, or opened, then it is borrowed. Disposal
 * removes an owned link and leaves a borrowed one.
 */
export class LinkHandle implements AsyncDisposable {
  readonly ifindex: number;
  /** The name when the handle was made; `get()` tells the present one. */
  readonly ifname: string;
  readonly kind: string | undefined;
  readonly #context: NetnsContext;
  #mark: string | undefined;

  constructor(context: NetnsContext, link: Link, mark: string | undefined) {
    this.#context = context;
    this.#mark = mark;
    this.ifindex = link.ifindex;
    this.ifname = link.ifname;
    this.kind = link.kind;
  }

  /** Whether disposal removes the link. */
  get owned(): boolean {
    return this.#mark !== undefined;
  }

  /** The link as it is now. ENODEV when it is gone. */
  get(): Promise<Link> {
    return this.#context.run(getLink(this.ifindex));
  }

  /** Changes the link, reads it back and returns it. */
  set(settings: LinkChange): Promise<Link> {
    return this.#context.run(setLink(this.#context.name, this.ifindex, settings));
  }

  /** Options of this link as a port of its master, such as `isolated` on a bridge; with a new `master` if given. */
  setPort(kind: string, options: object, settings: LinkSettings = {}): Promise<Link> {
    const port = { kind, options };
    return this.#context.run(setLink(this.#context.name, this.ifindex, { ...settings }, port));
  }

  /** Takes the link away; one that is gone already is success. */
  async remove(): Promise<void> {
    const mark = this.#mark;
    await this.#context.run(removeLink(this.#context.name, this.ifindex));
    this.#mark = undefined;
    if (mark !== undefined) releaseMark();
  }

  /** Gives ownership up: the link stays, and its mark is taken off. */
  async keep(): Promise<this> {
    const mark = this.#mark;
    this.#mark = undefined;
    if (mark !== undefined) {
      await this.#context.run(dropMark(this.ifindex, mark));
      releaseMark();
    }
    return this;
  }

  /** `remove()` when the link is owned, else nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.owned) await this.remove();
  }
}

/** Creates with a mark; a creation that failed gives the mark back. */
export function* createMarked(context: NetnsContext, options: NewLink): Operation<LinkHandle> {
  const mark = createMark(context.identity.ino);
  try {
    return new LinkHandle(context, yield* createLink(context.name, options, mark), mark);
  } catch (error) {
    releaseMark();
    throw error;
  }
}
