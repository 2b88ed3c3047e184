import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNetns, type Netns } from '@netloom/core';
import { expect } from 'vitest';
import { Program } from './program.js';

/** The command as it is shipped. `npm test` builds it first. */
const NETLOOM = fileURLToPath(new URL('../../apps/launcher/dist/main.js', import.meta.url));

/** Links, addresses and routes without what flickers: states, lifetimes, counters. */
export interface HostState {
  readonly links: readonly Record<string, unknown>[];
  readonly addresses: readonly Record<string, unknown>[];
  readonly routes: readonly Record<string, unknown>[];
}

/** A process in the host's namespace. */
export interface HostProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** What a command is started with, beside its arguments. */
export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Programs between the namespace and the command: `['setpriv', '--reuid=65534']`. */
  readonly through?: readonly string[];
}

/**
 * A host of the test's own: a fresh network namespace, in which somebody else's links, addresses and routes
 * stand already, and a run directory, so that no other job of this machine sweeps here or is swept.
 */
export class TestHost implements AsyncDisposable {
  readonly netns: Netns;
  /** A folder that goes with the host. */
  readonly folder: string;
  readonly runDirectory: string;
  /** The state to which everything has to come back; `remember()` takes it anew. */
  before: HostState;
  readonly #recordsBefore: ReadonlySet<string>;

  /** `runDirectory` is given by tests whose own process owns links here: an owner has one for its lifetime. */
  static async create(runDirectory?: string): Promise<TestHost> {
    return new TestHost(await createNetns(), runDirectory);
  }

  private constructor(netns: Netns, runDirectory: string | undefined) {
    this.netns = netns;
    this.folder = mkdtempSync(join(tmpdir(), 'netloom-host-'));
    this.runDirectory = runDirectory ?? join(this.folder, 'run');
    mkdirSync(this.runDirectory, { recursive: true });
    this.#recordsBefore = new Set(this.#recordNames());
    this.run('ip', 'link', 'set', 'lo', 'up');
    this.run('ip', 'link', 'add', 'theirs0', 'type', 'veth', 'peer', 'name', 'theirs1');
    this.run('ip', 'link', 'property', 'add', 'dev', 'theirs0', 'altname', 'a-name-of-somebody-else');
    for (const ifname of ['theirs0', 'theirs1']) {
      this.run('ip', 'link', 'set', 'dev', ifname, 'addrgenmode', 'none', 'up');
    }
    this.run('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'theirs0');
    this.run('ip', 'addr', 'add', '2001:db8::1/64', 'dev', 'theirs0', 'nodad');
    this.run('ip', 'route', 'add', 'default', 'via', '192.0.2.2');
    this.run('ip', 'route', 'add', '2001:db8:1::/48', 'via', '2001:db8::2');
    this.before = this.state();
  }

  /** Runs a program in the namespace and returns what it printed. */
  run(program: string, ...args: readonly string[]): string {
    const [command = '', ...enter] = this.#enter();
    return execFileSync(command, [...enter, program, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** The same for a program that prints a JSON list. */
  json(program: string, ...args: readonly string[]): Record<string, unknown>[] {
    const text = this.run(program, ...args).trim();
    return text === '' ? [] : (JSON.parse(text) as Record<string, unknown>[]);
  }

  /** Starts `netloom` with its arguments in the namespace. */
  netloom(args: readonly string[], { env = {}, through = [] }: StartOptions = {}): Program {
    const command = [...this.#enter(), ...through, process.execPath, NETLOOM, ...args];
    const { PATH, HOME, NETLOOM_CACHE, XDG_CACHE_HOME } = process.env;
    return new Program(command, {
      PATH,
      HOME,
      NETLOOM_CACHE,
      XDG_CACHE_HOME,
      NETLOOM_RUN_DIR: this.runDirectory,
      ...env,
    });
  }

  state(): HostState {
    const pick = (entry: Record<string, unknown>, names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, entry[name]]));
    const links = this.json('ip', '-j', 'addr');
    const routes = ['-4', '-6'].flatMap((family) =>
      this.json('ip', family, '-j', 'route', 'show', 'table', 'all'),
    );
    return {
      links: links.map((link) => pick(link, ['ifindex', 'ifname', 'altnames'])),
      addresses: links.flatMap((link) =>
        (link['addr_info'] as Record<string, unknown>[]).map((address) => ({
          ifname: link['ifname'],
          ...pick(address, ['family', 'local', 'prefixlen', 'broadcast', 'scope']),
        })),
      ),
      routes: routes.map((route) =>
        pick(route, ['type', 'dst', 'gateway', 'dev', 'table', 'protocol', 'scope', 'prefsrc', 'metric']),
      ),
    };
  }

  /** Makes what stands now the state to come back to. */
  remember(): void {
    this.before = this.state();
  }

  /** Every process in the namespace, whoever started it. */
  processes(): HostProcess[] {
    const namespace = readlinkSync(`/proc/self/fd/${this.netns.opener.descriptor.fd}`);
    return readdirSync('/proc')
      .filter((entry) => /^[0-9]+$/.test(entry))
      .flatMap((entry) => {
        try {
          if (readlinkSync(`/proc/${entry}/ns/net`) !== namespace) return [];
          const argv = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0').slice(0, -1);
          return [{ pid: Number(entry), argv }];
        } catch {
          // Gone meanwhile, or a zombie that has no namespace any more.
          return [];
        }
      });
  }

  /** The QEMU of a VM, by the VM's name. */
  qemu(name: string): HostProcess | undefined {
    return this.processes().find(({ argv }) => argv.some((word) => word.startsWith(`guest=${name},`)));
  }

  /** Records that came since this host is there, of owners other than this test's own process. */
  records(): string[] {
    return this.#recordNames().filter((name) => {
      if (this.#recordsBefore.has(name)) return false;
      // The first line says who the owner is.
      const [line = ''] = readFileSync(join(this.runDirectory, 'owners', name), 'utf8').split('\n');
      return (JSON.parse(line) as { pid: number }).pid !== process.pid;
    });
  }

  #recordNames(): string[] {
    try {
      const names = readdirSync(join(this.runDirectory, 'owners'));
      // Since when an owner is known to be dead is said beside its record.
      return names.filter((name) => name.endsWith('.json'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone by itself.
      }
    }
    this.netns.close();
    rmSync(this.folder, { recursive: true, force: true });
    await Promise.resolve();
  }

  #enter(): string[] {
    return ['nsenter', `--net=/proc/${process.pid}/fd/${this.netns.opener.descriptor.fd}`];
  }
}

/** Nothing of ours is left: no link, address, route, process or record, and nobody else's is missing. */
export function expectUntouched(host: TestHost): void {
  expect(host.state()).toEqual(host.before);
  expect(host.processes()).toEqual([]);
  expect(host.records()).toEqual([]);
}
