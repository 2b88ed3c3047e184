// npm run bench [-- FILTER…] [--smoke]: runs test/bench/*.bench.mjs, one process after the other.
// --smoke: each as short as it can be, to see that it still runs; its numbers mean nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './steps.mjs';

const FOLDER = join(ROOT, 'test/bench');
const args = process.argv.slice(2);
const filters = args.filter((word) => !word.startsWith('--'));
const flags = args.filter((word) => word.startsWith('--'));

let passed = 0;
let failed = 0;
for (const file of benchFiles()) {
  console.log(`\n# ${file}`);
  const { status } = spawnSync(process.execPath, [join(FOLDER, file), ...flags], {
    stdio: 'inherit',
    cwd: ROOT,
  });
  if (status === 0) passed += 1;
  else failed += 1;
}
console.log(`\nbench: ${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exitCode = 1;

function benchFiles() {
  const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.bench.mjs')) : [];
  return files.filter((name) => filters.length === 0 || filters.some((word) => name.includes(word))).sort();
}
