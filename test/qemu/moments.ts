import { randomInt } from 'node:crypto';

/** `npm run test:long` says it: counts in full. */
export const LONG = process.env['NETLOOM_LONG'] === '1';

/** The seed of everything that is chosen at random; `NETLOOM_SEED` brings a run back. */
export const SEED = Number(process.env['NETLOOM_SEED'] ?? randomInt(2 ** 31));

/** A moment of a demo's run: after so many lines of its story, and a little later. */
export interface Moment {
  readonly line: number;
  readonly milliseconds: number;
}

/** One moment for each span of lines, `[first, last]`. */
export function moments(spans: readonly (readonly [number, number])[]): Moment[] {
  const random = mulberry32(SEED);
  const within = (first: number, last: number) => first + Math.floor(random() * (last - first + 1));
  return spans.map(([first, last]) => ({ line: within(first, last), milliseconds: within(0, 150) }));
}

function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
