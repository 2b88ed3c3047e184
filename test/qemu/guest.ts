import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The launcher's guest and what packs one; it exports neither, so they are taken from its build. */
interface GuestModules {
  embeddedGuest: () => Promise<{ kernel: string; initrd: string; version: string }>;
  guestCommandLine: (settings: Record<string, string>) => string;
  packCpio: (entries: readonly { path: string; type: 'file'; mode: number; data: string }[]) => Uint8Array;
}

async function launcher(file: string): Promise<Partial<GuestModules>> {
  const { href } = new URL(`../../apps/launcher/dist/guest/${file}`, import.meta.url);
  return (await import(/* @vite-ignore */ href)) as Partial<GuestModules>;
}

const { embeddedGuest, guestCommandLine, packCpio } = {
  ...(await launcher('index.js')),
  ...(await launcher('cpio.js')),
} as GuestModules;

export { embeddedGuest, guestCommandLine };

/** The embedded guest with a first program of the test's own, for `rdinit=/probe`: a shell script. */
export async function probeInitrd(folder: string, script: string): Promise<string> {
  const { initrd } = await embeddedGuest();
  const base = await readFile(initrd);
  const probe = packCpio([
    { path: 'probe', type: 'file', mode: 0o755, data: `#!/bin/busybox sh\n${script}\n` },
  ]);
  // The kernel unpacks one archive after another; each starts at a multiple of four bytes.
  const path = join(folder, 'initrd');
  await writeFile(path, Buffer.concat([base, Buffer.alloc(-base.length & 511), probe]));
  return path;
}
