import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import native, { type Descriptor } from '@netloom/native';
import { ArgumentError, NetloomError } from './errors.js';
import { describe } from './options.js';
import { fromNative, translated } from './refusal.js';

/** Where `ip netns` keeps names: files that namespaces are bind-mounted on. */
const DIRECTORY = '/run/netns';

/** Inside a user namespace too: its root may not mount where everybody looks. */
const NAMES_NEED_ROOT = {
  field: 'name',
  hint: 'names are mounts in /run/netns, which only real root may make: run as root, or create it without a name',
};

/** A name that this program made: whose it is, and which namespace it stood for. */
export interface NetnsName {
  readonly name: string;
  readonly mark: string;
  readonly identity: { dev: bigint; ino: bigint };
}

export function namedPath(name: string): string {
  return `${DIRECTORY}/${name}`;
}

/** What `ip netns` takes: one path component, not `.` or `..`. */
export function checkNetnsName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new ArgumentError('name', `${describe(name)} is not a namespace name: no '/', not empty`);
  }
  if (Buffer.byteLength(name) > 255)
    throw new ArgumentError('name', 'a namespace name has at most 255 bytes');
}

/** The names below /run/netns. */
export function namesOfNetns(): string[] {
  try {
    return readdirSync(DIRECTORY);
  } catch {
    return [];
  }
}

function isNetns(path: string): boolean {
  try {
    native.openNetns(path).close();
    return true;
  } catch {
    return false;
  }
}

/** Gives a namespace a name, as `ip netns add` does. EEXIST when the name is taken. */
export function mountNetns(name: string, netns: Descriptor): void {
  const path = namedPath(name);
  const what = `create namespace ${name}`;
  try {
    mkdirSync(DIRECTORY, { recursive: true, mode: 0o755 });
    // A mount of its own and shared, so that names reach the other mount namespaces that systemd makes.
    native.shareMount(DIRECTORY);
    closeSync(openSync(path, 'wx', 0o000));
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== 'EEXIST') throw fromNative(error, what, NAMES_NEED_ROOT);
    throw new NetloomError('EEXIST', `cannot ${what}: the name is taken`, {
      field: 'name',
      hint: isNetns(path)
        ? `open it with openNetns('${name}'), or choose another name`
        : `no namespace is mounted there, an interrupted creation left the file: ip netns delete ${name}`,
      command: `ip netns add ${name}`,
      request: path,
    });
  }
  try {
    translated(() => native.bindMount(`/proc/self/fd/${netns.fd}`, path), what, NAMES_NEED_ROOT);
  } catch (error) {
    unlinkSync(path);
    throw error;
  }
}

/**
 * Takes a name away; one that is gone is success. With an identity, a name that stands for another
 * namespace by now is left alone.
 */
export function unmountNetns(which: {
  name: string;
  identity: { dev: bigint; ino: bigint } | undefined;
}): void {
  const path = namedPath(which.name);
  try {
    if (which.identity !== undefined) {
      const { dev, ino } = lstatSync(path, { bigint: true });
      if (dev !== which.identity.dev || ino !== which.identity.ino) return;
    }
    native.unmount(path);
    unlinkSync(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT') return;
    // EINVAL: the file is there, but nothing is mounted on it (left by an `ip netns` that was killed).
    if (code === 'EINVAL' && which.identity === undefined) unlinkSync(path);
    else throw fromNative(error, `remove namespace ${which.name}`, { field: 'name' });
  }
}
