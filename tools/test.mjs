// npm test [-- SUITE…] [--long]: sets up what is missing, then runs every suite or those named.
// stderr tells the story; stdout gets a table and, last and alone on its line, `N passed, N failed`.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setUp } from './build.mjs';
import { checkPrerequisites, missingRights } from './prerequisites.mjs';
import { EXIT, ROOT, done, fail, run, showFailure } from './steps.mjs';

const npm = (script) => ['npm', 'run', '--silent', script];
const tool = (name, ...args) => [process.execPath, join(ROOT, 'tools', name), ...args];
const bin = (name, ...args) => [join(ROOT, 'node_modules/.bin', name), ...args];
const vitest = (project) =>
  bin(
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${result(project)}`,
  );

/** `count` says how passed and failed are known: a command is one test, unless it tells its numbers. */
const SUITES = [
  { name: 'format', commands: [bin('biome', 'format', '.')] },
  { name: 'lint', commands: [npm('lint')] },
  { name: 'types', commands: [npm('typecheck'), ...typeTests()] },
  { name: 'layers', commands: [tool('layers.mjs')] },
  { name: 'docs', commands: [npm('docs'), tool('check-docs.mjs')] },
  { name: 'native', commands: [tool('native-test.mjs')], count: countLine },
  { name: 'unit', commands: [vitest('unit')], count: countVitest },
  { name: 'kernel', commands: [vitest('kernel')], count: countVitest, rights: true },
  { name: 'qemu', commands: [vitest('qemu')], count: countVitest, rights: true },
  { name: 'bench', commands: [tool('bench.mjs', '--smoke')], count: countLine, rights: true },
];

const args = process.argv.slice(2);
const long = args.includes('--long');
const wanted = args.filter((word) => word !== '--long');
const unknown = wanted.find((word) => !SUITES.some(({ name }) => name === word));
if (unknown !== undefined) {
  fail(EXIT.usage, `no suite is named ${unknown}`, `npm test -- ${SUITES.map(({ name }) => name).join(' ')}`);
}

const started = performance.now();
await checkPrerequisites('test');
await setUp();
const rows = [{ suite: 'set up', seconds: (performance.now() - started) / 1000 }];
const rights = missingRights('npm test');
for (const suite of SUITES) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  if (suite.rights === true && rights !== undefined) {
    rows.push({ suite: suite.name, note: `${rights.reason}: ${rights.tryThis}` });
  } else {
    rows.push(await runSuite(suite));
  }
}
report(rows);

async function runSuite({ name, commands, count = countCommand }) {
  const row = { suite: name, seconds: 0, passed: 0, failed: 0 };
  for (const [index, command] of commands.entries()) {
    rmSync(result(name), { force: true });
    const log = join(ROOT, 'build/test', `${name}${index === 0 ? '' : `-${index + 1}`}.log`);
    const env = { NO_COLOR: '1', TURBO_TELEMETRY_DISABLED: '1', ...(long ? { NETLOOM_LONG: '1' } : {}) };
    const ran = await run(name, command, { log, env });
    const { passed, failed } = count(ran, name);
    row.seconds += ran.seconds;
    row.passed += passed;
    // What ended badly, or ran nothing, has failed whatever it counted.
    const bad = failed === 0 && (ran.code !== 0 || passed === 0);
    row.failed += bad ? 1 : failed;
    if (bad || failed > 0) showFailure(name, command, ran, log);
  }
  if (row.failed === 0) done(`${name}: ${row.passed} passed`, row.seconds);
  return row;
}

function countCommand({ code }) {
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** The last `N passed, N failed` of the output. */
function countLine({ output }) {
  const [, passed, failed] = [...output.matchAll(/(\d+) passed, (\d+) failed/g)].at(-1) ?? [];
  return { passed: Number(passed ?? 0), failed: Number(failed ?? 0) };
}

function countVitest(_, name) {
  if (!existsSync(result(name))) return { passed: 0, failed: 0 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(result(name), 'utf8'));
  // A file that could not even be loaded has no test that failed.
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length };
}

function report(rows) {
  const line = (suite, ...cells) =>
    `  ${suite.padEnd(8)}${cells.map((cell) => String(cell).padStart(9)).join('')}`;
  const total = { passed: 0, failed: 0 };
  console.log(`\n${line('suite', 'seconds', 'passed', 'failed')}`);
  for (const { suite, seconds, passed, failed, note } of rows) {
    if (note !== undefined) console.log(`  ${suite.padEnd(8)}        –  ${note}`);
    else console.log(line(suite, seconds.toFixed(1), passed ?? '–', failed ?? '–'));
    total.passed += passed ?? 0;
    total.failed += failed ?? 0;
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0) process.exitCode = EXIT.failed;
  else if (rows.some(({ note }) => note !== undefined)) process.exitCode = EXIT.prerequisite;
}

function result(name) {
  return join(ROOT, 'build/test', `${name}.json`);
}

function typeTests() {
  return existsSync(join(ROOT, 'test/types/tsconfig.json')) ? [bin('tsc', '-p', 'test/types')] : [];
}
