import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** `$NETLOOM_CACHE`, else `$XDG_CACHE_HOME/netloom`, else `~/.cache/netloom`. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment['NETLOOM_CACHE']) return environment['NETLOOM_CACHE'];
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'netloom');
}

const TEMPORARY = '.new-';
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/**
 * Returns `path`, made by `produce` if it is not there yet. `produce` gets an empty folder beside it and
 * returns what to keep of that folder: a file in it, or the folder itself, which then takes the name `path`
 * in one rename. So what has its final name is whole, and of two makers at once the second uses the work
 * of the first. What a killed maker left behind is swept an hour later.
 */
export async function cached(path: string, produce: (folder: string) => Promise<string>): Promise<string> {
  if (await exists(path)) return path;
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  await sweep(parent);
  const folder = await mkdtemp(join(parent, TEMPORARY));
  try {
    const made = await produce(folder);
    await rename(made, path).catch(async (error: NodeJS.ErrnoException) => {
      // A folder is not replaced by rename(2) when it has content: somebody else was first.
      if ((error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') || !(await exists(path))) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return path;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const path = join(parent, name);
    const age = await stat(path).then(
      (status) => Date.now() - status.mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}
