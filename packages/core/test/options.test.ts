import { describe as suite, expect, test } from 'vitest';
import { ArgumentError } from '../src/errors.js';
import {
  checkBoolean,
  checkIfname,
  checkInteger,
  checkMac,
  checkOptions,
  describe,
  nearest,
} from '../src/options.js';

function refusal(check: () => void): ArgumentError {
  try {
    check();
  } catch (error) {
    if (error instanceof ArgumentError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

suite('the nearest name', () => {
  const KNOWN = ['ifname', 'mtu', 'address', 'ageingTime', 'vlanFiltering', 'isolated', 'up'];
  test.each([
    ['ifnam', 'ifname'],
    ['ifanme', 'ifname'],
    ['IFNAME', 'ifname'],
    ['mut', 'mtu'],
    ['adress', 'address'],
    ['agingTime', 'ageingTime'],
    ['vlanFitlering', 'vlanFiltering'],
    ['vlan_filtering', 'vlanFiltering'],
    ['isolate', 'isolated'],
    ['u', 'up'],
  ])('to %s is %s', (name, expected) => {
    expect(nearest(name, KNOWN)).toBe(expected);
  });

  test.each(['', 'speed', 'color', 'x', 'queueDiscipline'])('to %j is none', (name) => {
    expect(nearest(name, ['ifname', 'mtu', 'address', 'vlanFiltering'])).toBeUndefined();
  });

  test('of several is the one with the fewest edits', () => {
    expect(nearest('txqueus', ['rxQueues', 'txQueues'])).toBe('txQueues');
  });
});

suite('unknown options', () => {
  test('are refused by name, with the one that was probably meant', () => {
    const error = refusal(() =>
      checkOptions({ ifname: 'a', vlanFitlering: true }, ['ifname', 'vlanFiltering']),
    );
    expect(error).toMatchObject({ field: 'vlanFitlering', hint: "did you mean 'vlanFiltering'?" });
  });

  test('without a near one the known ones are listed', () => {
    expect(refusal(() => checkOptions({ speed: 1 }, ['mtu', 'ifname'])).hint).toBe('known: mtu, ifname');
  });

  test('in an inner object are named with their path', () => {
    expect(refusal(() => checkOptions({ mttu: 1 }, ['mtu'], 'nics[0]')).field).toBe('nics[0].mttu');
    expect(refusal(() => checkOptions(null as unknown as object, ['mtu'], 'peer')).field).toBe('peer');
  });

  test.each(['toString', 'constructor', '__proto__'])('%s is no option that everybody has', (name) => {
    const options = JSON.parse(`{ "${name}": 1 }`) as object;
    expect(refusal(() => checkOptions(options, ['mtu'])).field).toBe(name);
  });

  test.each([null, undefined, 'br0', 7, true])('%j is not an object of options', (options) => {
    expect(refusal(() => checkOptions(options as unknown as object, ['mtu'])).field).toBe('options');
  });

  test('known ones pass, also undefined', () => {
    checkOptions({ mtu: 1, ifname: undefined }, ['mtu', 'ifname']);
    checkOptions({}, []);
  });
});

suite('link names', () => {
  test.each([
    'a',
    'br0',
    'eth0.100',
    '-',
    '...',
    'é',
    '0123456789abcde',
    'veth%d',
    '%d',
    '日本語日本',
    'a@b',
    'a"b',
  ])('%j passes', (name) => {
    checkIfname('ifname', name);
  });

  test.each([
    '',
    '.',
    '..',
    '0123456789abcdef',
    'ééééééééé',
    '🧵🧵🧵🧵',
    'a/b',
    '/',
    'a:1',
    ':',
    'a b',
    ' a',
    'a ',
    'a\tb',
    'a\nb',
    'a\rb',
    'a\u000bb',
    'a\u000cb',
    'a\u0000',
    '\u0000',
    '%',
    'a%',
    'a%s',
    'a%x',
    'a%%d',
    '%d%d',
    'a%d%',
    undefined,
    null,
    7,
    true,
    {},
    ['br0'],
    Symbol('br0'),
    // The kernel’s isspace() takes the byte 0xa0 for white space, which is in the UTF-8 of these (lib/ctype.c).
    'à',
    'Р1',
    // Their names would be directories of /proc/sys/net/ipv4/conf that exist (sysctl_dev_name_is_allowed).
    'all',
    'default',
  ])('%j is refused', (name) => {
    const error = refusal(() => {
      checkIfname('peer.ifname', name);
    });
    expect(error).toMatchObject({ code: 'ERR_NETLOOM_ARGUMENT', field: 'peer.ifname' });
  });

  test('a name that is too long is told its bytes, not its letters', () => {
    expect(refusal(() => checkIfname('ifname', 'ééééééééé')).message).toContain('18 bytes');
  });
});

suite('MAC addresses', () => {
  test.each(['52:54:00:00:00:01', '02:00:00:00:00:00', 'FE:FF:FF:FF:FF:FF', '00:00:00:00:00:01'])(
    '%s passes',
    (address) => {
      checkMac('address', address);
    },
  );

  test.each([
    '',
    '52:54:00:00:00',
    '52:54:00:00:00:01:02',
    '52-54-00-00-00-01',
    '5254.0000.0001',
    '525400000001',
    '52:54:00:00:00:1',
    '52:54:00:00:00:0g',
    '52:54:00:00:00:001',
    ' 52:54:00:00:00:01',
    '52:54:00:00:00:01 ',
    '52:54:00:00:00:01\n',
    '52:54:00:00:00:',
    ':52:54:00:00:00:01',
    '00:00:00:00:00:00',
    '01:00:5e:00:00:01',
    '33:33:00:00:00:01',
    'ff:ff:ff:ff:ff:ff',
    'FF:FF:FF:FF:FF:FF',
    undefined,
    null,
    0,
    0x525400000001,
    {},
    [0x52, 0x54, 0, 0, 0, 1],
  ])('%j is refused', (address) => {
    expect(refusal(() => checkMac('nics[1].mac', address)).field).toBe('nics[1].mac');
  });

  test('a group address is called one, with a way out', () => {
    const error = refusal(() => checkMac('address', '01:00:5e:00:00:01'));
    expect(error.message).toContain('group address');
    expect(error.hint).toContain('02');
  });
});

suite('integers', () => {
  test.each([0, 1, 1500, 65_535, -0])('%d passes', (value) => {
    checkInteger('mtu', value, 0, 65_535);
  });

  test.each([-1, 65_536, 1.5, Number.NaN, Infinity, -Infinity, '1500', 1500n, null, undefined, true, {}, []])(
    '%s is refused with the range',
    (value) => {
      const error = refusal(() => checkInteger('mtu', value, 0, 65_535));
      expect(error.field).toBe('mtu');
      expect(error.message).toContain('an integer from 0 to 65535');
    },
  );
});

test.each([0, 1, 'true', null, undefined, {}])('%j is not a boolean', (value) => {
  expect(refusal(() => checkBoolean('up', value)).field).toBe('up');
});

test.each([
  ['br0', "'br0'"],
  [7, '7'],
  [7n, '7'],
  [undefined, 'undefined'],
  [null, 'null'],
  [{}, 'an object'],
  [[1], 'an object'],
  [Symbol('x'), 'Symbol(x)'],
])('%o is described as %s', (value, text) => {
  expect(describe(value)).toBe(text);
});
