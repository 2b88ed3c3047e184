import { NetloomError } from './errors.js';
import type { Link } from './link.js';
import { removeLink } from './link-change.js';
import { listLinks } from './link-queries.js';
import { namesOfNetns, unmountNetns } from './netns-name.js';
import { LOOPBACK, type Netns } from './netns.js';
import { openNetnsSync } from './open-netns.js';
import { ownerOf } from './owner.js';
import { type OwnerState, ownerState, removeRecord } from './owner-record.js';
import { endProcess, markedProcesses } from './processes.js';

/** Something that carries Netloom's mark: somebody's that lives, or what a dead one left. */
export interface Leftover {
  readonly kind: 'process' | 'link' | 'netns';
  /** `link br0 (bridge)`, `process 4711 (qemu-system-x86_64)`. */
  readonly what: string;
  /** The namespace's name that it was found in; undefined for the caller's own. */
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
 * Everything that carries a mark, whoever made it: in the caller's namespace and in every named one. Sorted
 * as it is swept: processes, then links, then namespaces.
 */
export async function leftovers(): Promise<Leftover[]> {
  const found = await search();
  return found.map(({ kind, what, netns, owner, mark, state }) => ({
    kind,
    what,
    netns,
    owner,
    mark,
    state,
  }));
}

/** Removes what is proven to be left by a dead owner, nothing else, and returns what it removed. */
export async function sweep(): Promise<Leftover[]> {
  const swept: Leftover[] = [];
  for (const { remove, ...leftover } of await search()) {
    if (leftover.state !== 'dead') continue;
    await remove();
    swept.push(leftover);
  }
  for (const owner of new Set(swept.map((leftover) => leftover.owner))) removeRecord(owner);
  return swept;
}

async function search(): Promise<Found[]> {
  const states = new Map<string, OwnerState>();
  const stateOf = (owner: string) => {
    const known = states.get(owner) ?? ownerState(owner);
    states.set(owner, known);
    return known;
  };
  const own = await searchNetns(undefined, stateOf);
  const found: Found[] = markedProcesses().map((marked) => ({
    kind: 'process',
    what: `process ${marked.pid} (${marked.program})`,
    netns: undefined,
    owner: marked.owner,
    mark: marked.mark,
    state: stateOf(marked.owner),
    remove: () => endProcess(marked),
  }));
  found.push(...own);
  for (const name of namesOfNetns()) found.push(...(await searchNetns(name, stateOf)));
  const order = { process: 0, link: 1, netns: 2 };
  return found.sort((a, b) => order[a.kind] - order[b.kind]);
}

async function searchNetns(
  name: string | undefined,
  stateOf: (owner: string) => OwnerState,
): Promise<Found[]> {
  let netns: Netns;
  try {
    netns = openNetnsSync(name);
  } catch (error) {
    // No addon, or no Linux: nothing was looked at, which is not the same as nothing found.
    if (error instanceof NetloomError && error.code.startsWith('ERR_NETLOOM')) throw error;
    // Gone meanwhile, or a file without a namespace: not ours to judge.
    return [];
  }
  try {
    const { identity } = netns;
    const found: Found[] = [];
    for (const link of await netns.run(listLinks())) {
      const mark = link.altnames.find((altname) => ownerOf(altname) !== undefined);
      const owner = mark === undefined ? undefined : ownerOf(mark);
      if (mark === undefined || owner === undefined) continue;
      // The mark of a namespace sits on its loopback link, which nobody can remove.
      const common = { netns: name, owner, mark, state: stateOf(owner) };
      if (link.ifindex === LOOPBACK && name !== undefined) {
        const remove = () => Promise.resolve(unmountNetns({ name, identity }));
        found.push({ ...common, kind: 'netns', what: `namespace ${name}`, remove });
      } else if (link.ifindex !== LOOPBACK) {
        found.push({
          ...common,
          kind: 'link',
          what: describeLink(link),
          remove: () => removeMarked(name, mark),
        });
      }
    }
    return found;
  } finally {
    netns.close();
  }
}

const describeLink = ({ ifname, kind }: Link) => `link ${ifname}${kind === undefined ? '' : ` (${kind})`}`;

/** By its mark, not by its index: were it gone meanwhile, its index could be somebody else's. */
async function removeMarked(name: string | undefined, mark: string): Promise<void> {
  const netns = openNetnsSync(name);
  try {
    await netns.run(removeLink(name, mark));
  } finally {
    netns.close();
  }
}
