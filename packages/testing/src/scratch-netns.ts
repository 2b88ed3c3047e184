import { randomBytes } from 'node:crypto';
import { createNetns, type Netns } from '@netloom/core';

/** A name that no other test run has: the folder of names is one for the whole host. */
export function scratchName(): string {
  return `nlt-${randomBytes(5).toString('hex')}`;
}

/** A namespace of the test's own, with a name that `ip -n` takes. Dispose it, and it is gone with all in it. */
export function scratchNetns(): Promise<Netns> {
  return createNetns(scratchName());
}
