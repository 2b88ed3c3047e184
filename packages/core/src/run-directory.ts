import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetloomError } from './errors.js';

/**
 * Where owners are recorded: $NETLOOM_RUN_DIR, else `/run/netloom` for whoever may write there, else below
 * $XDG_RUNTIME_DIR or the temporary folder. Root of a user namespace is no root of /run.
 */
export function runDirectory(): string {
  const { NETLOOM_RUN_DIR, XDG_RUNTIME_DIR } = process.env;
  if (NETLOOM_RUN_DIR !== undefined && NETLOOM_RUN_DIR !== '') return NETLOOM_RUN_DIR;
  const uid = process.getuid?.() ?? 0;
  if (uid === 0 && isWritable('/run')) return '/run/netloom';
  if (XDG_RUNTIME_DIR !== undefined && isWritable(XDG_RUNTIME_DIR)) return join(XDG_RUNTIME_DIR, 'netloom');
  return join(tmpdir(), `netloom-${uid}`);
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Makes the folder of the owners' records. ERR_NETLOOM_RUN_DIR when it cannot be used. */
export function makeOwnersDirectory(): string {
  const run = runDirectory();
  const directory = join(run, 'owners');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new NetloomError('ERR_NETLOOM_RUN_DIR', `cannot make ${directory}: ${(cause as Error).message}`, {
      field: 'NETLOOM_RUN_DIR',
      hint: 'set NETLOOM_RUN_DIR to a folder that you may write to',
      cause,
    });
  }
  // A folder that we chose in /tmp could be somebody else's trap; one that was named is the caller's word.
  const trusted = process.env['NETLOOM_RUN_DIR'] !== undefined && process.env['NETLOOM_RUN_DIR'] !== '';
  for (const path of trusted ? [] : [run, directory]) {
    const { uid } = lstatSync(path);
    if (uid !== process.getuid?.() || !lstatSync(path).isDirectory()) {
      throw new NetloomError('ERR_NETLOOM_RUN_DIR', `cannot use ${path}: it belongs to uid ${uid}`, {
        field: 'NETLOOM_RUN_DIR',
        hint: 'set NETLOOM_RUN_DIR to a folder of your own',
      });
    }
  }
  return directory;
}
