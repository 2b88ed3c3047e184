import {
  addAddress,
  type Address,
  type AddressFilter,
  type AddressOptions,
  listAddresses,
  removeAddress,
} from './address-operations.js';
import type { NetnsContext } from './netns-context.js';

/** IP addresses of a namespace's links. */
export class Addresses {
  readonly #context: NetnsContext;

  constructor(context: NetnsContext) {
    this.#context = context;
  }

  /** Addresses of both families, or those that the filter names. */
  list(filter?: AddressFilter): Promise<Address[]> {
    return this.#context.run(listAddresses(filter));
  }

  /** Adds an address. EEXIST when the link has it. */
  add(options: AddressOptions): Promise<void> {
    return this.#context.run(addAddress(this.#context.name, options));
  }

  /** Adds an address, or changes its lifetimes and flags when it is there. */
  replace(options: AddressOptions): Promise<void> {
    return this.#context.run(addAddress(this.#context.name, options, true));
  }

  /** Removes an address; gone already is success. */
  remove(options: AddressOptions): Promise<void> {
    return this.#context.run(removeAddress(this.#context.name, options));
  }
}

/** The same as plain calls. */
export class SyncAddresses {
  readonly #context: NetnsContext;

  constructor(context: NetnsContext) {
    this.#context = context;
  }

  /** Addresses of both families, or those that the filter names. */
  list(filter?: AddressFilter): Address[] {
    return this.#context.runSync(listAddresses(filter));
  }

  /** Adds an address. EEXIST when the link has it. */
  add(options: AddressOptions): void {
    this.#context.runSync(addAddress(this.#context.name, options));
  }

  /** Adds an address, or changes its lifetimes and flags when it is there. */
  replace(options: AddressOptions): void {
    this.#context.runSync(addAddress(this.#context.name, options, true));
  }

  /** Removes an address; gone already is success. */
  remove(options: AddressOptions): void {
    this.#context.runSync(removeAddress(this.#context.name, options));
  }
}
