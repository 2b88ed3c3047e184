import { randomBytes } from 'node:crypto';
import { type HeldRecord, writeRecord } from './owner-record.js';

/** `netloom-<owner>-<n>`: the owner is 64 random bits, n counts its objects. */
const MARK = /^netloom-([0-9a-f]{16})-([0-9]+)$/;

/** Marks what this thread creates, so that what is left after a crash can be told from everybody else's. */
class Owner {
  readonly id = randomBytes(8).toString('hex');
  #count = 0;
  #living = 0;
  #record: HeldRecord | undefined;

  /** The next mark. The first one writes the owner's record: before anything carries the mark. */
  mark(netns: bigint | undefined): string {
    if (this.#record === undefined) {
      this.#record = writeRecord(this.id);
      process.once('exit', () => {
        if (this.#living === 0) this.#record?.remove();
      });
    }
    if (netns !== undefined) this.#record.note(netns);
    this.#count += 1;
    this.#living += 1;
    return `netloom-${this.id}-${this.#count}`;
  }

  /** Something that carried a mark is gone or nobody's any more. */
  release(): void {
    this.#living -= 1;
  }
}

let owner: Owner | undefined;

/**
 * A fresh ownership mark of this process, for something in a namespace (by its inode) or for a process. Give
 * it back with `releaseMark` when its object is gone.
 */
export function createMark(netns?: bigint): string {
  owner ??= new Owner();
  return owner.mark(netns);
}

/** Ends the life of a mark; the record of an owner without marks is removed when the process ends. */
export function releaseMark(): void {
  owner?.release();
}

/** The owner in a mark, or undefined when the text is not one. */
export function ownerOf(mark: string): string | undefined {
  return MARK.exec(mark)?.[1];
}
