import type { Link } from './link.js';
import { createMarked, LinkHandle } from './link-handle.js';
import type { LinkChange, NewLink } from './link-kinds.js';
import type { LinkRef } from './link-options.js';
import { removeLink, setLink } from './link-change.js';
import { findLink, getLink, type LinkFilter, listLinks } from './link-queries.js';
import type { NetnsContext } from './netns-context.js';

/** The signal that ends a call; what was made by then is undone. */
export interface Cancellable {
  signal?: AbortSignal;
}

/** Links of a namespace. */
export class Links {
  readonly #context: NetnsContext;

  constructor(context: NetnsContext) {
    this.#context = context;
  }

  /** All links, or those that the filter names. */
  list(filter?: LinkFilter): Promise<Link[]> {
    return this.#context.run(listLinks(filter));
  }

  /** One link by name, alternative name or index. Throws ENODEV when there is none. */
  get(ref: LinkRef): Promise<Link> {
    return this.#context.run(getLink(ref));
  }

  /** The same, undefined when there is none. */
  find(ref: LinkRef): Promise<Link | undefined> {
    return this.#context.run(findLink(ref));
  }

  /** A handle on a link that stays when the handle is disposed. */
  async open(ref: LinkRef): Promise<LinkHandle> {
    return new LinkHandle(this.#context, await this.get(ref), undefined);
  }

  /**
   * Creates a link of any kind, marked as ours and read back. EEXIST when the name is taken,
   * ERR_NETLOOM_IGNORED when the kernel did not take an option. Aborted, it undoes itself.
   */
  async create(options: NewLink & Cancellable): Promise<LinkHandle> {
    const { signal } = options;
    signal?.throwIfAborted();
    const handle = await this.#context.run(createMarked(this.#context, options));
    if (signal?.aborted === true) {
      await handle.remove();
      signal.throwIfAborted();
    }
    return handle;
  }

  /** Changes a link and returns it as it then stands. */
  set(ref: LinkRef, settings: LinkChange): Promise<Link> {
    return this.#context.run(setLink(this.#context.name, ref, settings));
  }

  /** Removes a link, whoever made it: naming it is the caller's word. Gone already is success. */
  remove(ref: LinkRef): Promise<void> {
    return this.#context.run(removeLink(this.#context.name, ref));
  }
}

/** The same as plain calls: the kernel's work is waited for on the calling thread. */
export class SyncLinks {
  readonly #context: NetnsContext;

  constructor(context: NetnsContext) {
    this.#context = context;
  }

  /** All links, or those that the filter names. */
  list(filter?: LinkFilter): Link[] {
    return this.#context.runSync(listLinks(filter));
  }

  /** One link by name, alternative name or index. Throws ENODEV when there is none. */
  get(ref: LinkRef): Link {
    return this.#context.runSync(getLink(ref));
  }

  /** The same, undefined when there is none. */
  find(ref: LinkRef): Link | undefined {
    return this.#context.runSync(findLink(ref));
  }

  /** Creates a link of any kind, marked as ours and read back. */
  create(options: NewLink): LinkHandle {
    return this.#context.runSync(createMarked(this.#context, options));
  }

  /** Changes a link and returns it as it then stands. */
  set(ref: LinkRef, settings: LinkChange): Link {
    return this.#context.runSync(setLink(this.#context.name, ref, settings));
  }

  /** Removes a link, whoever made it; gone already is success. */
  remove(ref: LinkRef): void {
    this.#context.runSync(removeLink(this.#context.name, ref));
  }
}
