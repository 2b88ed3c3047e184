import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const loader = new URL('../index.js', import.meta.url).href;

/** Runs module text in a process of its own and returns what it printed, as JSON. */
function run(text, env = {}) {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout);
}

const report = `
  import native from ${JSON.stringify(loader)};
  const errors = [];
  for (const attempt of [1, 2]) {
    try { native.requestThreads(); errors.push(null); }
    catch ({ code, message }) { errors.push({ code, message }); }
  }
  console.log(JSON.stringify({ errors, names: Object.keys(native) }));
`;

test('importing loads nothing and lists every function of the binding', () => {
  const { names } = run(report, { NETLOOM_NATIVE_PATH: '/none.node' });
  assert.equal(names.length, 13);
});

test('a binary that is missing is an error that says how to build it, every time', () => {
  const { errors } = run(report, { NETLOOM_NATIVE_PATH: '/none.node' });
  for (const { code, message } of errors) {
    assert.equal(code, 'ERR_NETLOOM_NATIVE');
    assert.match(
      message,
      /\/none\.node for linux-\w+-(gnu|musl) \(Node v\d+\..*not installed.*npm run build/,
    );
  }
});

test('a file that is no binary is an error that says why', () => {
  const directory = mkdtempSync(join(tmpdir(), 'netloom-'));
  const file = join(directory, 'broken.node');
  writeFileSync(file, 'no ELF');
  const { errors } = run(report, { NETLOOM_NATIVE_PATH: file });
  rmSync(directory, { recursive: true });
  assert.equal(errors[0].code, 'ERR_NETLOOM_NATIVE');
  assert.match(errors[0].message, /it does not load: .*broken\.node/);
});

test('another platform is named', () => {
  const text = `Object.defineProperty(process, 'platform', { value: 'darwin' });
    const { default: native } = await import(${JSON.stringify(loader)});
    try { native.openNetns('/x'); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`;
  const { code, message } = run(text);
  assert.equal(code, 'ERR_NETLOOM_PLATFORM');
  assert.match(message, /darwin/);
});

test('after the first use each function is a plain property', () => {
  const text = `import native from ${JSON.stringify(loader)};
    native.requestThreads();
    const all = Object.getOwnPropertyDescriptors(native);
    console.log(JSON.stringify(Object.values(all).map(({ value }) => typeof value)));`;
  assert.deepEqual([...new Set(run(text))], ['function']);
});

test('require() of the package works', () => {
  const text = `import { createRequire } from 'node:module';
    const require = createRequire(${JSON.stringify(loader)});
    console.log(JSON.stringify(typeof require('./index.js').default.openNetns));`;
  assert.equal(run(text), 'function');
});
