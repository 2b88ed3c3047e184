import { ArgumentError } from './errors.js';

/**
 * Refuses option names that are not known, and suggests the nearest: input from the user that we do not
 * know is an error. `path` names the object in the message (`peer`, `nics[0]`); empty for the call's own.
 */
export function checkOptions(options: object, known: readonly string[], path = ''): void {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(path === '' ? 'options' : path, 'an object is expected');
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const alias = ALIASES[name];
    const near = alias !== undefined && known.includes(alias) ? alias : nearest(name, known);
    const hint = near === undefined ? someOf(known) : `did you mean '${near}'?`;
    throw new ArgumentError(path === '' ? name : `${path}.${name}`, 'no such option', { hint });
  }
}

/** What other tools call what Netloom, like the kernel, calls otherwise. */
const ALIASES: Readonly<Record<string, string>> = {
  name: 'ifname',
  mac: 'address',
  dev: 'oif',
  via: 'gateway',
};

/** Enough to find the right one; a bridge has sixty. */
function someOf(known: readonly string[]): string {
  return known.length <= 24 ? `known: ${known.join(', ')}` : `known: ${known.slice(0, 24).join(', ')}, …`;
}

/** The known name with the fewest edits, when it is near enough to be a slip of the fingers. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein's distance, where two letters changed round count as one edit. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, (before[j - 2] ?? 0) + 1);
      }
      current.push(edits);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** An integer in a range, or an ArgumentError that gives the range. */
export function checkInteger(field: string, value: unknown, min: number, max: number): void {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentError(field, `${describe(value)} is not an integer from ${min} to ${max}`);
  }
}

/** True or false, or an ArgumentError. */
export function checkBoolean(field: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new ArgumentError(field, `${describe(value)} is not true or false`);
}

/** A value as an error message shows it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** IFNAMSIZ is 16 with the terminating zero; dev_valid_name() refuses '/', ':', white space, '.' and '..'. */
export function checkIfname(field: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new ArgumentError(field, `${describe(value)} is not a name`);
  const bytes = Buffer.byteLength(value);
  if (value === '') throw new ArgumentError(field, 'a link name cannot be empty');
  if (bytes > 15) {
    throw new ArgumentError(field, `'${value}' has ${bytes} bytes; a link name has at most 15`);
  }
  const bad = /[/:\s]/.exec(value) ?? (value.includes('\0') ? ['\0'] : null);
  if (bad !== null) {
    throw new ArgumentError(field, `'${value}' holds ${JSON.stringify(bad[0])}: no '/', ':' or white space`);
  }
  // The kernel looks at bytes, and its isspace() takes 0xa0 for white space: 'à' is c3 a0 (lib/ctype.c).
  if (Buffer.from(value).includes(0xa0)) {
    throw new ArgumentError(field, `'${value}' holds the byte 0xa0, which the kernel takes for white space`);
  }
  // sysctl_dev_name_is_allowed(): they are directories of /proc/sys/net/ipv4/conf already.
  if (value === 'all' || value === 'default') {
    throw new ArgumentError(field, `'${value}' cannot be a link name: it stands for all links in sysctls`);
  }
  if (value === '.' || value === '..') throw new ArgumentError(field, `'${value}' cannot be a link name`);
  if (value.includes('%') && !/^[^%]*%d[^%]*$/.test(value)) {
    throw new ArgumentError(
      field,
      `'${value}': '%' is only allowed once, as '%d' (the kernel picks a number)`,
    );
  }
}

/** Six bytes in hexadecimal, not a group address; what a device's own address has to be. */
export function checkMac(field: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value)) {
    throw new ArgumentError(field, `${describe(value)} is not a MAC address such as 52:54:00:00:00:01`);
  }
  if ((Number.parseInt(value.slice(0, 2), 16) & 1) === 1) {
    throw new ArgumentError(field, `${value} is a group address: the lowest bit of its first byte is set`, {
      hint: 'a locally administered address starts with 02, 06, 0a or 0e',
    });
  }
  if (value === '00:00:00:00:00:00') throw new ArgumentError(field, `${value} is not an address`);
}
