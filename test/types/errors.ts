import { ArgumentError, DumpInterruptedError, NetlinkError, NetloomError } from '@netloom/core';
import { check, type Equal } from './expect-type.js';

// instanceof narrows, and what is optional may be missing but is never undefined on purpose.
export function explain(error: unknown): string {
  if (error instanceof NetlinkError) {
    check<Equal<typeof error.errno, number>>();
    return `${error.code} ${error.errno}`;
  }
  if (error instanceof DumpInterruptedError) {
    check<Equal<typeof error.partial, readonly unknown[]>>();
    return `${error.partial.length} read`;
  }
  if (error instanceof ArgumentError) return error.field ?? '';
  if (error instanceof NetloomError) {
    check<Equal<typeof error.code, string>>();
    check<Equal<typeof error.field, string | undefined>>();
    // @ts-expect-error -- an error does not change
    error.code = 'EIO';
    return error.hint ?? error.summary;
  }
  // @ts-expect-error -- nobody knows what it is
  return error.message;
}

// @ts-expect-error -- a code is needed
void new NetloomError();
// @ts-expect-error -- not a detail
void new NetloomError('EIO', 'cannot read', { tip: 'try again' });
