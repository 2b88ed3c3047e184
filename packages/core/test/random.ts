import { randomInt } from 'node:crypto';

/** Mulberry32: small, and the same numbers for the same seed on every platform. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed;
  }

  /** 0 to 2^32-1. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return this.u32() % limit;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** A new seed each run, printed; NETLOOM_TEST_SEED repeats one. */
export function seeded(subject: string): Random {
  const given = process.env['NETLOOM_TEST_SEED'];
  const seed = given === undefined || given === '' ? randomInt(2 ** 32 - 1) : Number(given);
  console.info(`${subject}: NETLOOM_TEST_SEED=${seed}`);
  return new Random(seed);
}
