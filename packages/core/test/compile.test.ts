import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { sourceOf, Writer } from '../src/netlink/bytes.js';
import {
  canCompile,
  generateDecoder,
  generateEncoder,
  interpretDecoder,
  interpretEncoder,
  MalformedMessage,
} from '../src/netlink/compile.js';
import type { AttributeSet, Decode, Encode, Values } from '../src/netlink/table.js';
import { Random, seeded } from './random.js';
import { randomValues, TABLES } from './tables.js';

const CASES = 400;

test('this process may compile, so both ways run here', () => {
  expect(canCompile).toBe(true);
});

function encoded(encode: Encode<AttributeSet>, values: Values<AttributeSet>): Uint8Array {
  const writer = new Writer(16);
  encode(writer, values);
  return writer.finish();
}

type Decoded = { values: Values<AttributeSet> } | 'malformed';

/** Only MalformedMessage is an answer; anything else that is thrown is a bug and passes through. */
function decoded(decode: Decode<AttributeSet>, payload: Uint8Array): Decoded {
  try {
    return { values: decode(sourceOf(payload), 0, payload.length) };
  } catch (error) {
    if (error instanceof MalformedMessage) return 'malformed';
    throw error;
  }
}

function damaged(random: Random, payload: Uint8Array): Uint8Array {
  switch (random.below(4)) {
    case 0:
      return payload.slice(0, random.below(payload.length + 1));
    case 1:
      return random.bytes(random.below(200));
    case 2: {
      // Attribute headers with lengths that are nearly right, over random payloads.
      const forged = random.bytes(4 * random.below(40));
      const { view } = sourceOf(forged);
      for (let at = 0; at + 4 <= forged.length; at += 4 + 4 * random.below(4)) {
        view.setUint16(at, 4 + random.below(24), true);
        view.setUint16(at + 2, random.below(70) | (random.chance(2) ? 0x8000 : 0), true);
      }
      return forged;
    }
    default: {
      const copy = payload.slice();
      for (let flips = 1 + random.below(4); flips > 0 && copy.length > 0; flips--) {
        copy[random.below(copy.length)] = random.below(256);
      }
      return copy;
    }
  }
}

const { seed } = seeded('compile.test.ts');

describe.each(TABLES)('%s, compiled and interpreted', (_name, shape) => {
  const random = new Random(seed);
  const { attributes } = shape;
  const decoders = [generateDecoder(attributes), interpretDecoder(attributes)] as const;
  const encoders = [generateEncoder(attributes), interpretEncoder(attributes)] as const;

  test('write the same bytes, and read back what was written', () => {
    for (let i = 0; i < CASES; i++) {
      const values = randomValues(random, shape) as Values<AttributeSet>;
      const [compiled, interpreted] = encoders.map((encode) => encoded(encode, values));
      if (!isDeepStrictEqual(compiled, interpreted)) {
        expect(compiled, `seed ${seed}, case ${i}`).toEqual(interpreted);
      }
      for (const decode of decoders) {
        const back = decoded(decode, compiled ?? Uint8Array.of());
        if (!isDeepStrictEqual(back, { values })) {
          expect(back, `seed ${seed}, case ${i}`).toEqual({ values });
        }
      }
    }
  });

  test('agree on damaged bytes: the same values, or malformed', () => {
    const seen = { values: 0, malformed: 0 };
    for (let i = 0; i < CASES; i++) {
      const values = randomValues(random, shape) as Values<AttributeSet>;
      const payload = damaged(random, encoded(encoders[0], values));
      const [compiled, interpreted] = decoders.map((decode) => decoded(decode, payload));
      if (!isDeepStrictEqual(compiled, interpreted)) {
        expect(compiled, `seed ${seed}, case ${i}: ${Buffer.from(payload).toString('hex')}`).toEqual(
          interpreted,
        );
      }
      seen[compiled === 'malformed' ? 'malformed' : 'values'] += 1;
    }
    // The damage must be neither always fatal nor always harmless, or the comparison would prove little.
    expect(seen.values).toBeGreaterThan(0);
    expect(seen.malformed).toBeGreaterThan(0);
  });
});
