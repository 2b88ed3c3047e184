import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, cacheFolder, exists } from './cache.js';
import { packCpio } from './cpio.js';
import {
  DEBIAN_ARCHITECTURE,
  fetchPackage,
  guestPackages,
  unpackPackage,
  type PackageOptions,
} from './deb.js';
import { initScript } from './init.js';
import { GUEST_MODULES, modulesToLoad } from './modules.js';

export interface GuestImage {
  /** For QEMU's `-kernel`. */
  kernel: string;
  /** For QEMU's `-initrd`. */
  initrd: string;
  /** Of the kernel's package: `6.1.192-2`. */
  version: string;
}

export interface EmbeddedGuestOptions extends PackageOptions {
  /** Where files are kept; by default `cacheFolder()`. */
  cache?: string | undefined;
}

/**
 * The small Linux that the demo boots: Debian's cloud kernel and an initramfs of busybox, a few modules and
 * our `/init`. The first call fetches two packages (28 MB) and unpacks them into the cache folder; later
 * calls only look whether the files are there. Remove the cache folder to move on to a newer kernel.
 */
export async function embeddedGuest(options: EmbeddedGuestOptions = {}): Promise<GuestImage> {
  const folder = join(options.cache ?? cacheFolder(), 'guest');
  // Names the image of the last call, so that apt need not be asked again.
  const note = join(folder, `current-${DEBIAN_ARCHITECTURE}-${recipe()}`);
  const name = await readFile(note, 'utf8').catch(() => undefined);
  if (name !== undefined && (await exists(join(folder, name)))) return image(folder, name);

  const { kernel, busybox } = await guestPackages(options);
  const made = `${kernel.version}_${busybox.version.replaceAll(':', '%3a')}_${kernel.architecture}_${recipe()}`;
  await cached(join(folder, made), async (temporary) => {
    const kernelFile = await fetchPackage(kernel, join(folder, 'packages'), options);
    const busyboxFile = await fetchPackage(busybox, join(folder, 'packages'), options);
    options.onProgress?.({ message: `unpacking ${kernel.name}` });
    const root = join(temporary, 'root');
    await unpackPackage(kernelFile, root, options);
    await unpackPackage(busyboxFile, root, options);
    options.onProgress?.({ message: 'building the initramfs' });
    await build(root, kernel.name.replace('linux-image-', ''), temporary);
    await rm(root, { recursive: true });
    return temporary;
  });
  await mkdir(folder, { recursive: true });
  await writeFile(`${note}.${process.pid}`, made);
  await rename(`${note}.${process.pid}`, note);
  return image(folder, made);
}

async function build(root: string, release: string, folder: string): Promise<void> {
  const modules = await modulesToLoad(join(root, 'lib/modules', release), GUEST_MODULES);
  const moduleFiles = modules.map(async ({ name, path }) => ({
    path: `modules/${name}.ko`,
    type: 'file' as const,
    data: await readFile(path),
  }));
  const archive = packCpio([
    { path: 'init', type: 'file', mode: 0o755, data: initScript(modules.map(({ name }) => name)) },
    { path: 'bin/busybox', type: 'file', mode: 0o755, data: await readFile(join(root, 'bin/busybox')) },
    { path: 'proc', type: 'directory' },
    { path: 'sys', type: 'directory' },
    { path: 'dev/console', type: 'character-device', mode: 0o600, major: 5, minor: 1 },
    { path: 'dev/null', type: 'character-device', mode: 0o666, major: 1, minor: 3 },
    ...(await Promise.all(moduleFiles)),
  ]);
  // Not compressed: 2.5 MB load faster than an emulated processor unpacks them.
  await writeFile(join(folder, 'initrd'), archive);
  await copyFile(join(root, 'boot', `vmlinuz-${release}`), join(folder, 'kernel'));
}

function image(folder: string, name: string): GuestImage {
  const version = name.split('_')[0] ?? name;
  return { kernel: join(folder, name, 'kernel'), initrd: join(folder, name, 'initrd'), version };
}

/** Changes with what we put in, so that another Netloom version does not boot this one's image. */
function recipe(): string {
  return createHash('sha256').update(initScript(GUEST_MODULES)).digest('hex').slice(0, 12);
}
