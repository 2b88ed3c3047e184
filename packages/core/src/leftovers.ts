import { NetloomError } from './errors.js';
import type { Link } from './link.js';
import { removeLink } from './link-change.js';
import { listLinks } from './link-queries.js';
import { namesOfNetns, unmountNetns } from './netns-name.js';
import { LOOPBACK, type Netns } from './netns.js';
import { type NetnsRef, openNetnsSync } from './open-netns.js';
import { ownerOf } from './owner.js';
import {
  namespacesOf,
  type OwnerState,
  ownerState,
  recordedOwners,
  removeRecord,
  secondsDead,
} from './owner-record.js';
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

/** What a sweep could not remove; the rest was swept all the same, and is in `swept`. */
export class SweepError extends NetloomError {
  override readonly name: string = 'SweepError';
  readonly swept: readonly Leftover[];
  readonly failures: readonly { readonly what: string; readonly error: unknown }[];

  constructor(swept: readonly Leftover[], failures: readonly { what: string; error: unknown }[]) {
    const list = failures.map(
      ({ what, error }) => `${what}: ${error instanceof Error ? error.message : String(error)}`,
    );
    super('ERR_NETLOOM_SWEEP', `cannot sweep all that is dead: ${list.join('; ')}`, {
      cause: failures[0]?.error,
    });
    this.swept = swept;
    this.failures = failures;
  }
}

/** What a search found, and the namespaces that are held open until it has been dealt with. */
class Search {
  readonly found: Found[] = [];
  /** Inodes of the namespaces that could be looked into. */
  readonly looked = new Set<bigint>();
  readonly #held: Netns[] = [];

  /** A namespace may live only by a process that is swept: its links are reached through the handle. */
  hold(netns: Netns): void {
    this.#held.push(netns);
  }

  close(): void {
    for (const netns of this.#held) netns.close();
  }
}

/**
 * Everything that carries a mark, whoever made it: in every namespace that has a name, in the caller's own,
 * and in those of all processes that the caller may look at. Sorted as it is swept: processes, then links,
 * then namespaces.
 */
export async function leftovers(): Promise<Leftover[]> {
  const searched = await search();
  searched.close();
  return searched.found.map(({ remove: _remove, ...leftover }) => leftover);
}

/**
 * Removes what is proven to be left by a dead owner, nothing else, and returns what it removed. With the last
 * of an owner's things goes its record, when every namespace that it worked in could be looked at; else a
 * day later: without its record nobody could prove it dead.
 */
export async function sweep(): Promise<Leftover[]> {
  const swept: Leftover[] = [];
  const failures: { owner: string; what: string; error: unknown }[] = [];
  // Judged before the search: who is dead now makes nothing more.
  const dead = recordedOwners().filter((owner) => ownerState(owner) === 'dead');
  const searched = await search();
  try {
    for (const { remove, ...leftover } of searched.found) {
      if (leftover.state !== 'dead') continue;
      try {
        await remove();
        swept.push(leftover);
      } catch (error) {
        failures.push({ owner: leftover.owner, what: leftover.what, error });
      }
    }
  } finally {
    searched.close();
  }
  for (const owner of dead) {
    // What could not be removed still needs its proof.
    if (failures.some((failure) => failure.owner === owner)) continue;
    const seenAll = namespacesOf(owner).every((ino) => searched.looked.has(ino));
    if (seenAll || secondsDead(owner) > DAY) removeRecord(owner);
  }
  if (failures.length > 0) throw new SweepError(swept, failures);
  return swept;
}

async function search(): Promise<Search> {
  const states = new Map<string, OwnerState>();
  const stateOf = (owner: string) => {
    const known = states.get(owner) ?? ownerState(owner);
    states.set(owner, known);
    return known;
  };
  const searched = new Search();
  for (const marked of markedProcesses()) {
    const { pid, program, owner, mark } = marked;
    const what = `process ${pid} (${program})`;
    const remove = () => endProcess(marked);
    searched.found.push({
      kind: 'process',
      what,
      netns: undefined,
      owner,
      mark,
      state: stateOf(owner),
      remove,
    });
  }
  try {
    for (const { name, netns } of namespaces()) await searchNetns(searched, name, netns, stateOf);
  } catch (error) {
    searched.close();
    throw error;
  }
  const order = { process: 0, link: 1, netns: 2 };
  searched.found.sort((a, b) => order[a.kind] - order[b.kind]);
  return searched;
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
  searched: Search,
  name: string | undefined,
  netns: Netns,
  stateOf: (owner: string) => OwnerState,
): Promise<void> {
  let found: Found[] = [];
  try {
    found = markedLinks(await netns.run(listLinks()), name, netns, stateOf);
    searched.looked.add(netns.identity.ino);
  } catch (error) {
    // An ordinary user sees that a namespace is there, and may not look into it. One whose links change all
    // the time is left for the next sweep: it must not keep the others from being looked at.
    const passedOver = ['EPERM', 'ERR_NETLOOM_DUMP_INTERRUPTED'];
    if (!(error instanceof NetloomError) || !passedOver.includes(error.code)) throw error;
  } finally {
    if (found.some(({ state }) => state === 'dead')) searched.hold(netns);
    else netns.close();
  }
  searched.found.push(...found);
}

function markedLinks(
  links: readonly Link[],
  name: string | undefined,
  netns: Netns,
  stateOf: (owner: string) => OwnerState,
): Found[] {
  const { identity } = netns;
  return links.flatMap((link): Found[] => {
    const mark = link.altnames.find((altname) => ownerOf(altname) !== undefined);
    const owner = mark === undefined ? undefined : ownerOf(mark);
    if (mark === undefined || owner === undefined) return [];
    const common = { netns: name, owner, mark, state: stateOf(owner) };
    if (link.ifindex !== LOOPBACK) {
      // By its mark, not by its index: were it gone meanwhile, its index could be somebody else's.
      const remove = () => netns.run(removeLink(name, mark));
      return [{ ...common, kind: 'link', what: describeLink(link), remove }];
    }
    // The mark of a namespace sits on its loopback link, which nobody can remove.
    if (name === undefined) return [];
    const remove = () => Promise.resolve(unmountNetns({ name, identity }));
    return [{ ...common, kind: 'netns', what: `namespace ${name}`, remove }];
  });
}

const describeLink = ({ ifname, kind }: Link) => `link ${ifname}${kind === undefined ? '' : ` (${kind})`}`;
