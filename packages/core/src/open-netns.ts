import native, { type Descriptor } from '@netloom/native';
import { ArgumentError } from './errors.js';
import { markLink } from './link-messages.js';
import { LOOPBACK, Netns } from './netns.js';
import { checkNetnsName, mountNetns, namedPath, type NetnsName } from './netns-name.js';
import { ThreadOpener } from './opener.js';
import { checkInteger, describe } from './options.js';
import { createMark, releaseMark } from './owner.js';
import { translated } from './refusal.js';

/** A namespace by name (`red`), by path (anything with a `/`), or by a process in it. */
export type NetnsRef = string | { readonly path: string } | { readonly pid: number };

const CREATE_HINT =
  'this needs CAP_SYS_ADMIN: run as root, or inside a user namespace (unshare --user --map-root-user --net)';

/**
 * Opens a network namespace: the caller's own when nothing is named. The handle borrows: closing it leaves
 * the namespace. ENOENT when there is none of that name, EINVAL when the file is something else.
 */
export function openNetns(ref?: NetnsRef): Promise<Netns> {
  return Promise.resolve().then(() => openNetnsSync(ref));
}

/** The same as a plain call. */
export function openNetnsSync(ref?: NetnsRef): Netns {
  if (ref === undefined) {
    const descriptor = translated(() => native.currentNetns(), 'open the current namespace');
    return new Netns(new ThreadOpener(descriptor, true), undefined, undefined);
  }
  if (typeof ref === 'string' && !ref.includes('/')) {
    checkNetnsName(ref);
    return borrow(open(namedPath(ref), `namespace ${ref}`, 'name', `names here: ip netns list`), ref);
  }
  if (typeof ref === 'object' && 'pid' in ref) {
    checkInteger('pid', ref.pid, 1, 0x7fff_ffff);
    const path = `/proc/${ref.pid}/ns/net`;
    return borrow(open(path, `the namespace of process ${ref.pid}`, 'pid', undefined), undefined);
  }
  const path = typeof ref === 'string' ? ref : (ref as { path?: unknown } | null)?.path;
  if (typeof path !== 'string') {
    throw new ArgumentError('netns', `${describe(ref)} is not a namespace: a name, a path or { pid }`);
  }
  return borrow(open(path, `namespace ${path}`, 'path', undefined), undefined);
}

function open(path: string, what: string, field: string, hint: string | undefined): Descriptor {
  return translated(() => native.openNetns(path), `open ${what}`, {
    field,
    ...(hint === undefined ? {} : { hint }),
  });
}

function borrow(descriptor: Descriptor, name: string | undefined): Netns {
  return new Netns(new ThreadOpener(descriptor), name, undefined);
}

/**
 * Creates a network namespace. With a name it is what `ip netns add` makes, and disposal removes it;
 * without one it lives as long as its handle or a process in it. EPERM without CAP_SYS_ADMIN, EEXIST when
 * the name is taken.
 */
export async function createNetns(name?: string): Promise<Netns> {
  if (name !== undefined) checkNetnsName(name);
  const what = `create namespace${name === undefined ? '' : ` ${name}`}`;
  const descriptor = translated(() => native.createNetns(), what, { hint: CREATE_HINT });
  if (name === undefined) return borrow(descriptor, undefined);
  const identity = native.netnsIdentity(descriptor);
  const mark = createMark(identity.ino);
  const named: NetnsName = { name, mark, identity };
  const netns = new Netns(new ThreadOpener(descriptor), name, named);
  try {
    // The mark comes before the name: a name that others can see always says whose it is.
    await netns.run(markLink(LOOPBACK, mark));
    mountNetns(name, descriptor);
    return netns;
  } catch (error) {
    netns.close();
    releaseMark();
    throw error;
  }
}
