import { buildApplication, buildRouteMap, run, type StricliProcess } from '@stricli/core';
import { demoCommand } from './commands/demo.js';
import { pruneCommand } from './commands/prune.js';
import { VERSION } from './version.js';

const routes = buildRouteMap({
  routes: { demo: demoCommand, prune: pruneCommand },
  docs: { brief: 'Linux networks between VMs, containers and namespaces' },
});

const application = buildApplication(routes, {
  name: 'netloom',
  versionInfo: { currentVersion: VERSION },
  scanner: { caseStyle: 'allow-kebab-for-camel' },
});

await run(application, process.argv.slice(2), { process: process as StricliProcess });
// Stricli counts its own failures from -5; for a caller all of them are bad usage.
if (typeof process.exitCode === 'number' && process.exitCode < 0) process.exitCode = 2;
