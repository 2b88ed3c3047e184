import { isIP } from 'node:net';
import { describe, expect, test } from 'vitest';
import { formatIp, parseIp } from '../src/netlink/ip-address.js';
import { Random, seeded } from './random.js';

const format = (bytes: Uint8Array) => formatIp(bytes, 0, bytes.length);

/** What WHATWG URL makes of an address: the same text as RFC 5952, but for IPv4-mapped addresses. */
const urlText = (text: string) => new URL(`http://[${text}]`).hostname.slice(1, -1);

function same(text: string): void {
  const bytes = parseIp(text);
  if (bytes === undefined) throw new Error(`${text} was not read`);
  expect(bytes).toHaveLength(isIP(text) === 4 ? 4 : 16);
  if (isIP(text) === 4) expect(format(bytes)).toBe(text);
  else expect(urlText(format(bytes))).toBe(urlText(text));
}

describe('texts that are addresses', () => {
  test.each([
    '0.0.0.0',
    '255.255.255.255',
    '192.0.2.1',
    '10.0.0.10',
    '::',
    '::1',
    '1::',
    'fe80::1',
    'FE80::ABCD',
    '2001:db8::1',
    '2001:0db8:0000:0000:0000:0000:0000:0001',
    '2001:db8:0:0:1:0:0:1',
    '2001:db8:0:1:1:1:1:1',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1:0:0:2:0:0:0:3',
    '0:0:0:1:0:0:0:0',
    '::ffff:192.0.2.1',
    '::ffff:c000:201',
    '::192.0.2.1',
    '64:ff9b::192.0.2.33',
    '1:2:3:4:5:6:192.0.2.1',
    '::ffff:0:192.0.2.1',
  ])('%s', (text) => {
    expect(isIP(text)).not.toBe(0);
    same(text);
  });
});

describe('texts that are not', () => {
  test.each([
    '',
    ' ',
    '.',
    ':',
    ':::',
    '1.2.3',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4.',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.04',
    '1.2.3.00',
    '0x1.2.3.4',
    '1.2.3.-4',
    '1.2.3.+4',
    ' 1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '1,2,3,4',
    '١.٢.٣.٤',
    '16909060',
    'localhost',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1::2::3',
    '1:::2',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '12345::',
    'g::',
    '::g',
    '::-1',
    '::1 ',
    '[::1]',
    '::1/64',
    '::1.2.3',
    '::1.2.3.4.5',
    '::01.2.3.4',
    '::1.2.3.256',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
  ])('%j', (text) => {
    expect(isIP(text)).toBe(0);
    expect(parseIp(text)).toBeUndefined();
  });

  test('a zone is not part of an address: it goes by the link', () => {
    expect(parseIp('fe80::1%eth0')).toBeUndefined();
  });
});

describe('RFC 5952', () => {
  test.each([
    ['2001:0db8::0001', '2001:db8::1', '4.1: no leading zeros'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1', '4.2.1: shortened as far as possible'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', '4.2.2: one zero group is written out'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1', '4.2.3: the longest run'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', '4.2.3: the first of two equal runs'],
    ['2001:DB8::ABCD', '2001:db8::abcd', '4.3: lower case'],
    ['::FFFF:C000:201', '::ffff:192.0.2.1', '5: mapped addresses keep the dotted tail'],
    ['0:0:0:0:0:0:0:0', '::', 'all zeros'],
    ['1:0:0:0:0:0:0:0', '1::', 'zeros at the end'],
    ['0:0:0:0:0:0:0:1', '::1', 'zeros at the start'],
  ])('%s is written %s (%s)', (text, expected) => {
    expect(format(parseIp(text) ?? new Uint8Array(16))).toBe(expected);
  });
});

test('random addresses survive the way to text and back, and Node reads the same text', () => {
  const random = seeded('ip-address.test.ts');
  for (let i = 0; i < 5000; i++) {
    const bytes = random.bytes(random.chance(3) ? 4 : 16);
    for (let group = 0; group < bytes.length; group += 2) {
      if (random.chance(2)) bytes.fill(0, group, group + 2);
    }
    if (random.chance(10) && bytes.length === 16) bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]);
    const text = format(bytes);
    expect(parseIp(text), `seed ${random.seed}: ${text}`).toEqual(bytes);
    expect(isIP(text), text).toBe(bytes.length === 4 ? 4 : 6);
    if (bytes.length === 16 && !text.includes('.')) expect(urlText(text)).toBe(text);
  }
});

test('random texts near an address are judged as Node judges them', () => {
  const random = new Random(seeded('ip-address.test.ts, texts').seed);
  const ALPHABET = ['0', '1', '9', '12', '255', '256', 'a', 'F', 'ffff', ':', '::', '.', '00'];
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: 1 + random.below(15) }, () => random.pick(ALPHABET)).join('');
    expect(parseIp(text) === undefined, `seed ${random.seed}: ${text}`).toBe(isIP(text) === 0);
  }
});
