import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NetloomError } from '@netloom/core';
import { cached } from './cache.js';
import { run } from './run.js';

export interface DebianPackage {
  name: string;
  /** Debian's version, with its epoch: `1:1.35.0-4+deb12u1+b1`. */
  version: string;
  architecture: string;
  /** Of the `.deb` file, in bytes. */
  size: number;
}

/** What a package manager or a build did last, in words for a person; bytes where they are known. */
export interface Progress {
  message: string;
  done?: number;
  total?: number;
}

export interface PackageOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** `amd64` or `arm64`: Debian's name of this machine. */
export const DEBIAN_ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';

const OWN_IMAGE = 'boot your own: --kernel FILE --initrd FILE';

/** Signed cloud kernels of Linux 6.1 among package names, newest first. */
export function cloudKernels(names: readonly string[], architecture: string = DEBIAN_ARCHITECTURE): string[] {
  const pattern = new RegExp(`^linux-image-6\\.1\\.0-(\\d+)-cloud-${architecture}$`);
  const abi = (name: string) => Number(pattern.exec(name)?.[1]);
  return names.filter((name) => pattern.test(name)).sort((a, b) => abi(b) - abi(a));
}

/** The guest's two packages, as the machine's package lists know them; reads the lists anew if there are none. */
export async function guestPackages(
  options: PackageOptions,
): Promise<{ kernel: DebianPackage; busybox: DebianPackage }> {
  let found = await lookUp(options);
  if (found === undefined) {
    await updateLists(options);
    found = await lookUp(options);
  }
  if (found !== undefined) return found;
  throw prerequisite('the package lists of this machine have no Debian 12 cloud kernel and busybox-static');
}

async function lookUp(
  options: PackageOptions,
): Promise<{ kernel: DebianPackage; busybox: DebianPackage } | undefined> {
  const names = await run('apt-cache', ['pkgnames', 'linux-image-6.1.0-'], options);
  if (names.exitCode === 127) throw prerequisite('this machine has no apt');
  const busybox = await show('busybox-static', options);
  if (busybox === undefined) return undefined;
  // A name may be known although nothing of that name can be had any more.
  for (const name of cloudKernels(names.stdout.split('\n'))) {
    const kernel = await show(name, options);
    if (kernel !== undefined) return { kernel, busybox };
  }
  return undefined;
}

async function show(name: string, options: PackageOptions): Promise<DebianPackage | undefined> {
  const { exitCode, stdout } = await run('apt-cache', ['show', '--no-all-versions', name], options);
  return exitCode === 0 ? parseRecord(stdout) : undefined;
}

/** Reads the first record of `apt-cache show`; `undefined` if it names no file (a package that is only installed). */
export function parseRecord(text: string): DebianPackage | undefined {
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, 'm').exec(text.split('\n\n')[0] ?? '')?.[1];
  const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')];
  if (name === undefined || version === undefined || architecture === undefined) return undefined;
  return field('Filename') === undefined
    ? undefined
    : { name, version, architecture, size: Number(field('Size') ?? 0) };
}

async function updateLists(options: PackageOptions): Promise<void> {
  if (process.geteuid?.() !== 0) {
    throw prerequisite('the package lists of this machine are missing or old', 'sudo apt-get update');
  }
  options.onProgress?.({ message: 'reading the package lists (apt-get update)' });
  const { exitCode, stderr } = await run('apt-get', ['update', '-q'], options);
  if (exitCode !== 0) throw prerequisite(`apt-get update failed: ${lastLine(stderr)}`);
}

/** The path of the package's `.deb` file in `folder`, fetched if it is not there yet. Installs nothing. */
export async function fetchPackage(
  wanted: DebianPackage,
  folder: string,
  options: PackageOptions,
): Promise<string> {
  const file = `${wanted.name}_${wanted.version.replaceAll(':', '%3a')}_${wanted.architecture}.deb`;
  return cached(join(folder, file), async (temporary) => {
    if (!(await download(wanted, temporary, options))) {
      await updateLists(options);
      if (!(await download(wanted, temporary, options))) {
        throw prerequisite(
          `cannot fetch ${wanted.name} ${wanted.version}`,
          downloadCommand(wanted).join(' '),
        );
      }
    }
    return join(temporary, file);
  });
}

async function download(wanted: DebianPackage, folder: string, options: PackageOptions): Promise<boolean> {
  const message = `fetching ${wanted.name} ${wanted.version}`;
  const report = async () => {
    const names = await readdir(folder).catch(() => []);
    const sizes = names.map((name) =>
      stat(join(folder, name)).then(
        (status) => status.size,
        () => 0,
      ),
    );
    const done = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    options.onProgress?.({ message, done, total: wanted.size });
  };
  await report();
  const timer = setInterval(() => void report(), 200);
  try {
    const [command, ...args] = downloadCommand(wanted);
    return (await run(command, args, { cwd: folder, signal: options.signal })).exitCode === 0;
  } finally {
    clearInterval(timer);
  }
}

function downloadCommand(wanted: DebianPackage): [string, ...string[]] {
  // As root, apt fetches as the user _apt, who may not write into our cache: it would warn and do it anyway.
  const sandbox = process.geteuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
  return ['apt-get', 'download', '-q', ...sandbox, `${wanted.name}=${wanted.version}`];
}

/** Unpacks without installing: no script of the package runs. */
export async function unpackPackage(file: string, folder: string, options: PackageOptions): Promise<void> {
  const { exitCode, stderr } = await run('dpkg-deb', ['-x', file, folder], options);
  if (exitCode !== 0) {
    throw new NetloomError('ERR_NETLOOM_GUEST', `cannot unpack ${file}: ${lastLine(stderr)}`, {
      hint: 'the file may be damaged: remove it and try again',
    });
  }
}

function prerequisite(reason: string, command?: string): NetloomError {
  return new NetloomError('ERR_NETLOOM_PREREQUISITE', `cannot fetch the guest: ${reason}`, {
    hint: command === undefined ? OWN_IMAGE : `${command}   or ${OWN_IMAGE}`,
    command,
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
