import { describe, expect, test } from 'vitest';
import { ArgumentError } from '../src/errors.js';
import { formatIp } from '../src/netlink/ip-address.js';
import { familyNumber, networkOf, overlaps, parsePrefix } from '../src/prefix.js';

const prefix = (text: string) => parsePrefix('dst', text);

test.each([
  ['192.0.2.1/24', { family: 4, address: '192.0.2.1', length: 24 }],
  ['192.0.2.1', { family: 4, address: '192.0.2.1', length: 32 }],
  ['0.0.0.0/0', { family: 4, address: '0.0.0.0', length: 0 }],
  ['192.0.2.1/32', { family: 4, address: '192.0.2.1', length: 32 }],
  ['2001:DB8:0::1/64', { family: 6, address: '2001:db8::1', length: 64 }],
  ['::/0', { family: 6, address: '::', length: 0 }],
  ['::1', { family: 6, address: '::1', length: 128 }],
  ['::ffff:192.0.2.1/96', { family: 6, address: '::ffff:192.0.2.1', length: 96 }],
])('%s is a prefix', (text, expected) => {
  expect(prefix(text)).toMatchObject(expected);
  expect(prefix(text).bytes).toHaveLength(expected.family === 4 ? 4 : 16);
});

test.each([
  '',
  '/',
  '/24',
  '192.0.2.1/',
  '192.0.2.1/33',
  '192.0.2.1/-1',
  '192.0.2.1/+8',
  '192.0.2.1/8.0',
  '192.0.2.1/1e1',
  '192.0.2.1/0x8',
  '192.0.2.1/ 8',
  '192.0.2.1/8 ',
  '192.0.2.1/24/24',
  '192.0.2.1/255.255.255.0',
  '192.0.2.1/9999',
  '192.0.2/24',
  '::1/129',
  'fe80::1%lo/64',
  'default',
  // `ip` takes 010 for octal, other parsers for decimal: as with 010.0.0.1, nobody can say what is meant.
  '192.0.2.1/010',
  undefined,
  null,
  24,
  {},
  ['192.0.2.1/24'],
])('%j is an ArgumentError that names the field', (text) => {
  let thrown: unknown;
  try {
    parsePrefix('peer.addresses[1]', text);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ArgumentError);
  expect(thrown).toMatchObject({ code: 'ERR_NETLOOM_ARGUMENT', field: 'peer.addresses[1]' });
});

test.each([
  ['192.0.2.255/24', '192.0.2.0'],
  ['192.0.2.255/25', '192.0.2.128'],
  ['255.255.255.255/0', '0.0.0.0'],
  ['192.0.2.255/32', '192.0.2.255'],
  ['10.11.12.13/9', '10.0.0.0'],
  ['2001:db8:ffff:ffff::1/47', '2001:db8:fffe::'],
  ['ffff::ffff/128', 'ffff::ffff'],
  ['ffff::ffff/127', 'ffff::fffe'],
])('the network of %s is %s', (text, network) => {
  const bytes = networkOf(prefix(text));
  expect(formatIp(bytes, 0, bytes.length)).toBe(network);
});

describe('two prefixes overlap when one holds the other', () => {
  test.each([
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.0.0.0/8', '11.0.0.0/8', false],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['10.0.0.1/32', '10.0.0.2/32', false],
    ['0.0.0.0/0', '203.0.113.1', true],
    ['192.0.2.0/25', '192.0.2.128/25', false],
    ['192.0.2.127/24', '192.0.2.128/25', true],
    ['2001:db8::/32', '2001:db8:1::/48', true],
    ['2001:db8::/48', '2001:db8:1::/48', false],
    ['::/0', '0.0.0.0/0', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(overlaps(prefix(a), prefix(b))).toBe(expected);
    expect(overlaps(prefix(b), prefix(a))).toBe(expected);
  });
});

test('families have the kernel’s numbers', () => {
  expect([familyNumber(4), familyNumber(6)]).toEqual([2, 10]);
});
