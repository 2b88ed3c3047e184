/** Whether two types are the same, optional and read-only properties included. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the comparison of identity needs them
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export type IsAny<T> = 0 extends 1 & T ? true : false;

/** Compiles when its argument is true: `check<Equal<A, B>>()`. Does nothing at run time. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller gives it
export function check<_Holds extends true>(): void {}

/** Types whose members are the platform's affair. */
type Foreign =
  | Uint8Array
  | AbortSignal
  | Error
  | symbol
  | bigint
  | string
  | number
  | boolean
  | null
  | undefined;

type Steps = [never, 0, 1, 2, 3];

/**
 * Names of the properties below a type that are `any`, or functions that take or give `any`: `never` when there
 * is none.
 */
export type AnyIn<T, Depth extends number = 4, Path extends string = ''> =
  IsAny<T> extends true
    ? Path
    : [Depth] extends [never]
      ? never
      : T extends Foreign
        ? never
        : T extends (...args: infer A) => infer R
          ? AnyInMany<A, Steps[Depth], `${Path}(…)`> | AnyIn<R, Steps[Depth], `${Path}()`>
          : T extends PromiseLike<infer V>
            ? AnyIn<V, Steps[Depth], `${Path}<>`>
            : T extends readonly (infer E)[]
              ? AnyIn<E, Steps[Depth], `${Path}[]`>
              : // The platform's own Iterator has `throw(error: any)`.
                T extends Iterator<infer Y, infer R, infer _>
                ? AnyIn<Y | R, Steps[Depth], `${Path}<>`>
                : T extends object
                  ? { [K in keyof T & string]-?: AnyIn<T[K], Steps[Depth], `${Path}.${K}`> }[keyof T & string]
                  : never;

type AnyInMany<A extends readonly unknown[], Depth extends number, Path extends string> = {
  [K in keyof A]-?: AnyIn<A[K], Depth, Path>;
}[number];
