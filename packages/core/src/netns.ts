import native from '@netloom/native';
import { Addresses, SyncAddresses } from './addresses.js';
import { ArgumentError, NetloomError } from './errors.js';
import { dropMark } from './link-messages.js';
import { Links, SyncLinks } from './links.js';
import { NETLINK_ROUTE } from './netlink/constants.js';
import type { NetnsContext } from './netns-context.js';
import { type NetnsName, unmountNetns } from './netns-name.js';
import type { Opener } from './opener.js';
import type { Operation } from './operation.js';
import { releaseMark } from './owner.js';
import { translated } from './refusal.js';
import { Routes, SyncRoutes } from './routes.js';
import { Runner } from './runner.js';
import { Sysctls } from './sysctls.js';

/** The loopback link's index in every namespace (LOOPBACK_IFINDEX). */
export const LOOPBACK = 1;

/** Deliberately synchronous: plain calls for scripts and tests, which wait for the kernel's work. */
export interface SyncFace {
  readonly links: SyncLinks;
  readonly addresses: SyncAddresses;
  readonly routes: SyncRoutes;
}

/**
 * A network namespace: the root object that everything hangs off. It holds the namespace's descriptor and,
 * once used, one socket for promised requests and one for synchronous ones; no thread.
 */
export class Netns implements AsyncDisposable {
  readonly links: Links;
  readonly addresses: Addresses;
  readonly routes: Routes;
  readonly sysctls: Sysctls;
  readonly sync: SyncFace;
  /** The name below /run/netns, if the handle was made by name. */
  readonly name: string | undefined;
  readonly #opener: Opener;
  readonly #runner: Runner;
  readonly #identity: { dev: bigint; ino: bigint };
  #named: NetnsName | undefined;
  #closed = false;

  /** Made by `openNetns` and `createNetns`. */
  constructor(opener: Opener, name: string | undefined, named: NetnsName | undefined) {
    this.#opener = opener;
    this.name = name;
    this.#named = named;
    this.#identity = native.netnsIdentity(opener.descriptor);
    this.#runner = new Runner(() =>
      translated(() => opener.openNetlink(NETLINK_ROUTE), `open a netlink socket in ${this.#describe()}`),
    );
    const context: NetnsContext = {
      name: name ?? opener.path,
      identity: this.#identity,
      run: (operation) => this.run(operation),
      runSync: (operation) => this.runSync(operation),
    };
    this.links = new Links(context);
    this.addresses = new Addresses(context);
    this.routes = new Routes(context);
    this.sysctls = new Sysctls(opener);
    this.sync = {
      links: new SyncLinks(context),
      addresses: new SyncAddresses(context),
      routes: new SyncRoutes(context),
    };
  }

  /** Runs an operation of one of Netloom's packages; promised requests of one tick go out together. */
  run<T>(operation: Operation<T>): Promise<T> {
    try {
      this.#checkOpen();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#runner.run(operation);
  }

  /** The same on the calling thread. */
  runSync<T>(operation: Operation<T>): T {
    this.#checkOpen();
    return this.#runner.runSync(operation);
  }

  /** Where descriptors of this namespace come from; for packages that open more than netlink. */
  get opener(): Opener {
    this.#checkOpen();
    return this.#opener;
  }

  /** The namespace's device and inode: equal for two handles on one namespace. */
  get identity(): { dev: bigint; ino: bigint } {
    this.#checkOpen();
    return native.netnsIdentity(this.#opener.descriptor);
  }

  /** Whether disposal removes the name that `createNetns` made. */
  get owned(): boolean {
    return this.#named !== undefined;
  }

  /** Closes the handle. An unnamed namespace that nothing else holds is gone then, with all its links. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#runner.close();
    this.#opener.close();
  }

  /** Removes the name below /run/netns, if it is still this namespace's, and closes the handle. */
  async remove(): Promise<void> {
    try {
      if (!this.#closed) this.sysctls.restore();
    } finally {
      this.close();
    }
    const named = this.#named;
    if (named !== undefined) {
      unmountNetns({ name: named.name, identity: named.identity });
      this.#named = undefined;
      releaseMark();
    } else if (this.name !== undefined) unmountNetns({ name: this.name, identity: this.#identity });
    await Promise.resolve();
  }

  /** Gives ownership up: a named namespace stays when the handle goes, and what sysctls were set stands. */
  async keep(): Promise<this> {
    this.sysctls.keep();
    const named = this.#named;
    this.#named = undefined;
    if (named !== undefined) {
      await this.run(dropMark(LOOPBACK, named.mark));
      releaseMark();
    }
    return this;
  }

  /** `remove()` when the name is owned; else sysctls that were set are put back and the handle is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.owned) await this.remove();
    else {
      try {
        if (!this.#closed) this.sysctls.restore();
      } finally {
        this.close();
      }
    }
  }

  #checkOpen(): void {
    if (this.#closed) {
      throw new NetloomError('ERR_NETLOOM_CLOSED', `cannot use ${this.#describe()}: its handle is closed`);
    }
  }

  #describe(): string {
    return this.name === undefined ? 'the namespace' : `namespace ${this.name}`;
  }
}

/** A handle on a namespace, and not a name, a promise of one, or the options of the call. */
export function checkNetns(field: string, value: unknown): asserts value is Netns {
  if (value instanceof Netns) return;
  throw new ArgumentError(field, 'a namespace handle is expected', {
    hint: 'await openNetns() or await createNetns() makes one',
  });
}
