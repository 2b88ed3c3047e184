import type { Operation } from './operation.js';

/** What the objects of a namespace need of it: its name in commands, and both ways to run an operation. */
export interface NetnsContext {
  /**
   * How commands name it: the name below /run/netns, or a path where it has none; undefined for the process's
   * own.
   */
  readonly name: string | undefined;
  readonly identity: { readonly dev: bigint; readonly ino: bigint };
  run<T>(operation: Operation<T>): Promise<T>;
  runSync<T>(operation: Operation<T>): T;
}
