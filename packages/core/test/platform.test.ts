import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { builtModule, builtModules } from './built.js';

const CORE = builtModule('core').href;
// Without records every owner is unknown, so that a sweep that did work would leave the machine alone.
const RECORDS = mkdtempSync(join(tmpdir(), 'netloom-platform-'));
afterAll(() => {
  rmSync(RECORDS, { recursive: true });
});
const NATIVE = new URL('../../../native/index.js', import.meta.url).href;

/** Runs a module in a process that takes itself for a laptop of another kind; returns what it printed. */
function elsewhere(platform: string, script: string, env: NodeJS.ProcessEnv = {}): string {
  const fake = `Object.defineProperty(process, 'platform', { value: '${platform}' });`;
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(fake)}`];
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '--eval', script],
    { encoding: 'utf8', env: { ...process.env, NETLOOM_RUN_DIR: RECORDS, ...env } },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout.trim();
}

/** What a call throws or rejects with. */
const codeOf = (setUp: string, call: string) => `
  ${setUp}
  try {
    const value = await (${call});
    console.log('returned ' + JSON.stringify(value));
  } catch (error) {
    console.log(error.code ?? String(error));
  }`;

test.each(builtModules())('%s can be imported on a Mac', (_name, url) => {
  const printed = elsewhere(
    'darwin',
    `const all = await import(${JSON.stringify(url.href)});
     console.log(process.platform, Object.keys(all).length > 0);`,
  );
  expect(printed).toBe('darwin true');
});

describe('the first call into the kernel throws ERR_NETLOOM_PLATFORM', () => {
  const core = `const core = await import(${JSON.stringify(CORE)});`;
  test.each([
    ['openNetns', core, 'core.openNetns()'],
    ['openNetns by name', core, "core.openNetns('red')"],
    ['openNetnsSync', core, 'core.openNetnsSync()'],
    ['createNetns', core, "core.createNetns('red')"],
    ['leftovers', core, 'core.leftovers()'],
    ['sweep', core, 'core.sweep()'],
    ['the addon itself', `const { default: native } = await import('${NATIVE}');`, 'native.currentNetns()'],
  ])('%s', (_name, setUp, call) => {
    expect(elsewhere('darwin', codeOf(setUp, call))).toBe('ERR_NETLOOM_PLATFORM');
    expect(elsewhere('win32', codeOf(setUp, call))).toBe('ERR_NETLOOM_PLATFORM');
  });
});

test('checking of options needs no kernel', () => {
  const setUp = `const core = await import(${JSON.stringify(CORE)});`;
  expect(elsewhere('darwin', codeOf(setUp, "core.openNetns('a\\0b')"))).toBe('ERR_NETLOOM_ARGUMENT');
  expect(elsewhere('darwin', codeOf(setUp, "core.parsePrefix('dst', '10.0.0.0/8').length"))).toBe(
    'returned 8',
  );
});

test('a binary that does not load is told from a platform that has none', () => {
  const setUp = `const core = await import(${JSON.stringify(CORE)});`;
  const env = { NETLOOM_NATIVE_PATH: fileURLToPath(new URL('no-such.node', import.meta.url)) };
  expect(elsewhere('linux', codeOf(setUp, 'core.openNetns()'), env)).toBe('ERR_NETLOOM_NATIVE');
  expect(elsewhere('linux', codeOf(setUp, 'core.leftovers()'), env)).toBe('ERR_NETLOOM_NATIVE');
});
