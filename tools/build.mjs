// Builds every workspace: the addon by cmake-js, the packages by tsc, both cached by turbo.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from './install.mjs';
import { exclusively } from './lock.mjs';
import { checkPrerequisites } from './prerequisites.mjs';
import { ROOT, mustRun } from './steps.mjs';

/** Brings a fresh or an old clone to the state in which everything runs. */
export async function setUp() {
  await exclusively(async (descriptor) => {
    await install(descriptor);
    await build(descriptor);
  });
}

async function build(descriptor) {
  writeToolchainKey();
  const command = [join(ROOT, 'node_modules/.bin/turbo'), 'run', 'build', '--output-logs=new-only'];
  await mustRun('building', 'built', command, {
    descriptor,
    env: { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
    note: 'the addon in C++, the packages in TypeScript; only what changed',
  });
}

/** turbo hashes files but neither processor nor compiler; this file tells it (toolchain.key of its inputs). */
function writeToolchainKey() {
  const compiler = process.env.CXX || 'c++';
  const key = [
    process.arch,
    `node-api ${process.versions.napi}`,
    process.report.getReport().header.glibcVersionRuntime ?? 'no glibc',
    compiler,
    firstLine(compiler, '--version'),
    firstLine(compiler, '-dumpmachine'),
    firstLine('cmake', '--version'),
    '',
  ].join('\n');
  const file = join(ROOT, 'native/toolchain.key');
  let before;
  try {
    before = readFileSync(file, 'utf8');
  } catch {
    before = undefined;
  }
  if (before === key) return;
  // cmake-js configures a build folder once: objects of the old compiler would be linked again.
  if (before !== undefined) rmSync(join(ROOT, 'native/build'), { recursive: true, force: true });
  writeFileSync(file, key);
}

function firstLine(command, argument) {
  const { stdout } = spawnSync(command, [argument], { encoding: 'utf8' });
  return (stdout ?? '').split('\n')[0];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await checkPrerequisites('build');
  await setUp();
}
