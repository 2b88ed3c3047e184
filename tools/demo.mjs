// npm run demo: sets up what is missing, then hands over to `netloom demo`.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setUp } from './build.mjs';
import { checkPrerequisites, missingRights } from './prerequisites.mjs';
import { EXIT, ROOT, fail, stopListening } from './steps.mjs';

const args = process.argv.slice(2);
const helpOnly = args.includes('--help') || args.includes('-h');
// First what we cannot change: nobody should wait for a build to hear of it.
const rights = helpOnly
  ? undefined
  : missingRights(['npm run demo', ...(args.length > 0 ? ['--'] : []), ...args].join(' '));
if (rights !== undefined)
  fail(EXIT.prerequisite, `the demo makes network devices: it ${rights.reason}`, rights.tryThis);
await checkPrerequisites(helpOnly ? 'build' : 'demo');
await setUp();

stopListening();
const child = spawn(process.execPath, [join(ROOT, 'apps/launcher/dist/main.js'), 'demo', ...args], {
  stdio: 'inherit',
});
// The launcher cleans up by itself. A terminal gives Ctrl-C to the whole group, so to it as well: a second one
// means nothing to it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
