// `npm ci`, if node_modules is not what package-lock.json says.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, mustRun } from './steps.mjs';

const STAMP = join(ROOT, 'node_modules/.netloom-install');

/** `descriptor` is the lock's: see lock.mjs. */
export async function install(descriptor) {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  const stamp = createHash('sha256')
    .update(lock)
    .update(process.platform + process.arch)
    .digest('hex');
  if (read(STAMP) === stamp) return;
  if (!matches(JSON.parse(lock))) {
    await mustRun('installing npm packages', 'installed npm packages', ['npm', 'ci'], { descriptor });
  }
  writeFileSync(STAMP, stamp);
}

/** Somebody ran `npm install` by hand: what npm notes in node_modules then has every package of the lock. */
function matches(lock) {
  const note = read(join(ROOT, 'node_modules/.package-lock.json'));
  if (note === undefined) return false;
  const installed = JSON.parse(note).packages;
  return Object.entries(lock.packages).every(([path, { version, link, optional }]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true; // ours, in the tree
    const found = installed[path];
    return found === undefined ? optional === true : found.version === version && found.link === link;
  });
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
