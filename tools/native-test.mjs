// Builds and runs the native tests: C++ under AddressSanitizer with UBSan, and under ThreadSanitizer, then the
// addon from JavaScript. Prints one line a suite, and the output of what failed.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = fileURLToPath(new URL('../native', import.meta.url));
const MINUTES = 10;

const totals = { passed: 0, failed: 0 };

function run(command, args, { cwd = native, env = {} } = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: MINUTES * 60_000,
  });
  const ended = error ? `${command}: ${error.message}\n` : signal ? `${command} was killed: ${signal}\n` : '';
  return { ok: status === 0, stdout: stdout ?? '', output: `${stdout ?? ''}${stderr ?? ''}${ended}` };
}

function count(suite, passed, failed, output) {
  totals.passed += passed;
  totals.failed += failed;
  if (failed > 0) console.log(output.trimEnd());
  console.log(`${suite}: ${passed} passed, ${failed} failed`);
}

/** Runs commands until one fails; that counts as one failed test of the suite. */
function prepared(suite, commands) {
  for (const [command, ...args] of commands) {
    const { ok, output } = run(command, args);
    if (!ok) {
      count(suite, 0, 1, output);
      return false;
    }
  }
  return true;
}

/** gcc's ThreadSanitizer finds no room when mmap is randomized by more than 28 bits. */
function withoutRandomLayout(command) {
  const bits = Number(readFileSync('/proc/sys/vm/mmap_rnd_bits', 'utf8'));
  return bits > 28 ? ['setarch', '-R', ...command] : command;
}

function testLibrary(name, sanitize) {
  const suite = `native/test ${name}`;
  const build = join(native, 'build', `test-${name}`);
  const ninja = run('ninja', ['--version']).ok ? ['-G', 'Ninja'] : [];
  const options = [
    '-DNETLOOM_TESTS=ON',
    '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
    `-DNETLOOM_SANITIZE=${sanitize}`,
  ];
  const jobs = String(availableParallelism());
  const ready = prepared(suite, [
    ['cmake', '-S', native, '-B', build, ...ninja, ...options],
    ['cmake', '--build', build, '--parallel', jobs],
  ]);
  if (!ready) return;
  const ctest = ['ctest', '--output-on-failure', '--no-tests=error', '--timeout', '120', '-j', jobs];
  const [command, ...args] = sanitize === 'thread' ? withoutRandomLayout(ctest) : ctest;
  const { ok, output } = run(command, args, {
    cwd: build,
    env: {
      ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1',
      UBSAN_OPTIONS: 'print_stacktrace=1',
      TSAN_OPTIONS: 'halt_on_error=1',
    },
  });
  const [, failed, all] = /(\d+) tests failed out of (\d+)/.exec(output) ?? [0, 1, 1];
  const failures = output.split('\n').filter((line) => !/^ +Start|\.\.\. +Passed /.test(line));
  count(suite, all - failed, ok ? 0 : Math.max(Number(failed), 1), failures.join('\n'));
}

const cmakeJs = join(
  dirname(createRequire(join(native, 'package.json')).resolve('cmake-js')),
  '../bin/cmake-js',
);

function testAddon(suite, files, build, env = {}) {
  if (!prepared(suite, [[process.execPath, cmakeJs, 'build', ...build]])) return;
  const reporters = ['tap', 'stdout', 'spec', 'stderr'].map(
    (value, i) => `--test-reporter${i % 2 ? '-destination' : ''}=${value}`,
  );
  const args = ['--test', '--test-force-exit', ...reporters, ...files.map((file) => join('test', file))];
  const { ok, stdout, output } = run(process.execPath, args, { env });
  const number = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(stdout)?.[1] ?? 0);
  const failed = number('fail') + number('cancelled');
  const failures = output.slice(Math.max(output.indexOf('failing tests:'), 0));
  count(suite, number('pass'), ok ? 0 : Math.max(failed, 1), failures);
}

/** The same tests with the addon under AddressSanitizer: Node itself is not, so its runtime is preloaded. */
function testAddonUnderAsan() {
  const folder = join('build', 'addon-asan');
  const runtime = run('c++', ['-print-file-name=libasan.so']).stdout.trim();
  testAddon(
    'native/test addon asan',
    ['addon.test.mjs'],
    ['-B', 'Debug', '-O', folder, '--CDNETLOOM_SANITIZE=address;undefined'],
    {
      LD_PRELOAD: runtime,
      NETLOOM_NATIVE_PATH: join(native, folder, 'Debug', 'netloom.node'),
      // Node does not free what lives as long as the process.
      ASAN_OPTIONS: 'detect_leaks=0',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    },
  );
}

testLibrary('asan', 'address,undefined');
testLibrary('tsan', 'thread');
const tests = readdirSync(join(native, 'test')).filter((file) => file.endsWith('.test.mjs'));
testAddon('native/test addon', tests, []);
testAddonUnderAsan();
console.log(`native: ${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 ? 0 : 1;
