import type { NetnsContext } from './netns-context.js';
import {
  addRoute,
  listRoutes,
  removeRoute,
  type Route,
  type RouteFilter,
  type RouteOptions,
} from './route-operations.js';

/** Routes of a namespace. */
export class Routes {
  readonly #context: NetnsContext;

  constructor(context: NetnsContext) {
    this.#context = context;
  }

  /** Routes of the main table, or those that the filter names. */
  list(filter?: RouteFilter): Promise<Route[]> {
    return this.#context.run(listRoutes(filter));
  }

  /** Adds a route. EEXIST when there is one to the same destination with the same metric. */
  add(options: RouteOptions): Promise<void> {
    return this.#context.run(addRoute(this.#context.name, options));
  }

  /** Adds a route, or takes the place of the one that is there. */
  replace(options: RouteOptions): Promise<void> {
    return this.#context.run(addRoute(this.#context.name, options, true));
  }

  /** Removes a route, whoever made it; gone already is success. */
  remove(options: RouteOptions): Promise<void> {
    return this.#context.run(removeRoute(this.#context.name, options));
  }
}

/** The same as plain calls. */
export class SyncRoutes {
  readonly #context: NetnsContext;

  constructor(context: NetnsContext) {
    this.#context = context;
  }

  /** Routes of the main table, or those that the filter names. */
  list(filter?: RouteFilter): Route[] {
    return this.#context.runSync(listRoutes(filter));
  }

  /** Adds a route. EEXIST when there is one to the same destination with the same metric. */
  add(options: RouteOptions): void {
    this.#context.runSync(addRoute(this.#context.name, options));
  }

  /** Adds a route, or takes the place of the one that is there. */
  replace(options: RouteOptions): void {
    this.#context.runSync(addRoute(this.#context.name, options, true));
  }

  /** Removes a route, whoever made it; gone already is success. */
  remove(options: RouteOptions): void {
    this.#context.runSync(removeRoute(this.#context.name, options));
  }
}
