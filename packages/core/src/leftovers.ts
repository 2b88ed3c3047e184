import { NetloomError } from './errors.js';
import type { Link } from './link.js';
import { removeLink } from './link-change.js';
import { listLinks } from './link-queries.js';
import { namesOfNetns, unmountNetns } from './netns-name.js';
import { LOOPBACK, type Netns } from './netns.js';
import { type NetnsRef, openNetnsSync } from './open-netns.js';
import { ownerOf } from './owner.js';
import { type OwnerState, ownerState, recordsOlderThan, removeRecord } from './owner-record.js';
import { endProcess, markedProcesses, netnsOfProcesses } from './processes.js';

/** Seconds. */
const DAY = 86_400;

/** Something that carries Netloom's mark: somebody's that lives, or what a dead one left. */
export interface Leftover {
  readonly kind: 'process' | 'link' | 'netns';
  /** `link br0 (bridge)`, `process 4711 (qemu-system-x86_64)`. */
  readonly what: string;
  /** The name of the namespace that it was found in; undefined for one without a name, such as the host's. */
  readonly netns: string | undefined;
  readonly owner: string;
  readonly mark: string;
  /** Only what is proven `dead` is swept. */
  readonly state: OwnerState;
}

interface Found extends Leftover {
  readonly remove: () => Promise<void>;
}

/**
 * Everything that carries a mark, whoever made it: in every namespace that has a name, in the caller's own,
 * and in those of all processes that the caller may look at. Sorted as it is swept: processes, then links,
 * then namespaces.
 */
export async function leftovers(): Promise<Leftover[]> {
  const found = await search();
  return found.map(({ remove: _remove, ...leftover }) => leftover);
}

/**
 * Removes what is proven to be left by a dead owner, nothing else, and returns what it removed. The record of
 * an owner that died more than a day ago goes too, when nothing of it is in sight: it may have left something
 * where this caller cannot look, and without the record nobody could prove it dead.
 */
export async function sweep(): Promise<Leftover[]> {
  const swept: Leftover[] = [];
  const found = await search();
  for (const { remove, ...leftover } of found) {
    if (leftover.state !== 'dead') continue;
    await remove();
    swept.push(leftover);
  }
  const inSight = new Set(found.map(({ owner }) => owner));
  for (const owner of recordsOlderThan(DAY)) {
    if (!inSight.has(owner) && ownerState(owner) === 'dead') removeRecord(owner);
  }
  return swept;
}

async function search(): Promise<Found[]> {
  const states = new Map<string, OwnerState>();
  const stateOf = (owner: string) => {
    const known = states.get(owner) ?? ownerState(owner);
    states.set(owner, known);
    return known;
  };
  const found: Found[] = markedProcesses().map((marked) => ({
    kind: 'process',
    what: `process ${marked.pid} (${marked.program})`,
    netns: undefined,
    owner: marked.owner,
    mark: marked.mark,
    state: stateOf(marked.owner),
    remove: () => endProcess(marked),
  }));
  for (const { name, netns } of namespaces()) {
    try {
      found.push(...(await searchNetns(name, netns, stateOf)));
    } catch (error) {
      // An ordinary user sees that a namespace is there, and may not look into it.
      if (!(error instanceof NetloomError) || error.code !== 'EPERM') throw error;
    } finally {
      netns.close();
    }
  }
  const order = { process: 0, link: 1, netns: 2 };
  return found.sort((a, b) => order[a.kind] - order[b.kind]);
}

/** Each namespace once: by name, else the caller's own, else by a process in it. */
function* namespaces(): Generator<{ name: string | undefined; netns: Netns }> {
  const seen = new Set<bigint>();
  const refs: (NetnsRef | undefined)[] = [...namesOfNetns(), undefined, ...netnsOfProcesses()];
  for (const ref of refs) {
    const netns = openIfThere(ref);
    if (netns === undefined) continue;
    const { ino } = netns.identity;
    if (seen.has(ino)) netns.close();
    else {
      seen.add(ino);
      yield { name: typeof ref === 'string' ? ref : undefined, netns };
    }
  }
}

function openIfThere(ref: NetnsRef | undefined): Netns | undefined {
  try {
    return openNetnsSync(ref);
  } catch (error) {
    // No addon, or no Linux: nothing was looked at, which is not the same as nothing found.
    if (error instanceof NetloomError && error.code.startsWith('ERR_NETLOOM')) throw error;
    // Gone meanwhile, a file without a namespace, or a process of somebody else: not ours to judge.
    return undefined;
  }
}

async function searchNetns(
  name: string | undefined,
  netns: Netns,
  stateOf: (owner: string) => OwnerState,
): Promise<Found[]> {
  const { identity } = netns;
  const found: Found[] = [];
  for (const link of await netns.run(listLinks())) {
    const mark = link.altnames.find((altname) => ownerOf(altname) !== undefined);
    const owner = mark === undefined ? undefined : ownerOf(mark);
    if (mark === undefined || owner === undefined) continue;
    const common = { netns: name, owner, mark, state: stateOf(owner) };
    // The mark of a namespace sits on its loopback link, which nobody can remove.
    if (link.ifindex === LOOPBACK && name !== undefined) {
      const remove = () => Promise.resolve(unmountNetns({ name, identity }));
      found.push({ ...common, kind: 'netns', what: `namespace ${name}`, remove });
    } else if (link.ifindex !== LOOPBACK) {
      const remove = () => removeMarked(identity.ino, mark);
      found.push({ ...common, kind: 'link', what: describeLink(link), remove });
    }
  }
  return found;
}

const describeLink = ({ ifname, kind }: Link) => `link ${ifname}${kind === undefined ? '' : ` (${kind})`}`;

/** By its mark, not by its index: were it gone meanwhile, its index could be somebody else's. */
async function removeMarked(ino: bigint, mark: string): Promise<void> {
  for (const { name, netns } of namespaces()) {
    try {
      if (netns.identity.ino === ino) await netns.run(removeLink(name, mark));
    } finally {
      netns.close();
    }
  }
}
