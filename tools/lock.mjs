// One run at a time installs and builds in a clone. flock(1) of util-linux locks a file that we have open;
// the kernel holds that lock as long as we, or a child that was given the descriptor, live: so a killed run
// leaves nothing stale, and its `npm ci`, if that goes on alone, still keeps others out.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, say } from './steps.mjs';

/** Runs `work` alone among all runs in this clone; it passes the descriptor on to its children. */
export async function exclusively(work) {
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const descriptor = openSync(join(ROOT, 'build/setup.lock'), 'w');
  const waiting = setTimeout(
    () => say('  another run is installing or building here: waiting for it …'),
    1000,
  );
  await new Promise((resolve) => {
    const child = spawn('flock', ['3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
    child.once('close', resolve);
    child.once('error', resolve); // No flock on this machine: two runs at once are then up to the user.
  });
  clearTimeout(waiting);
  try {
    return await work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
