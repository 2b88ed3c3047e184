import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import native from '@netloom/native';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMark, ownerOf, releaseMark } from '../src/owner.js';
import {
  bootId,
  type OwnerRecord,
  ownerState,
  pidNamespace,
  readRecord,
  removeRecord,
  startTime,
  writeRecord,
} from '../src/owner-record.js';
import { runDirectory } from '../src/run-directory.js';
import { builtModule } from './built.js';

const OWNER = '0123456789abcdef';
const before = process.env['NETLOOM_RUN_DIR'];
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netloom-owner-'));
  process.env['NETLOOM_RUN_DIR'] = directory;
});
afterEach(() => {
  if (before === undefined) delete process.env['NETLOOM_RUN_DIR'];
  else process.env['NETLOOM_RUN_DIR'] = before;
  rmSync(directory, { recursive: true, force: true });
});

const pathOf = (owner: string) => join(directory, 'owners', `${owner}.json`);

/** A record of this very process, but for what the case changes. No lock is held. */
function write(changes: Partial<Record<keyof OwnerRecord, unknown>> = {}): void {
  const record = {
    version: 1,
    owner: OWNER,
    bootId: bootId(),
    pidNamespace: pidNamespace(),
    pid: process.pid,
    startTime: startTime(process.pid),
    program: 'test',
    ...changes,
  };
  writeText(JSON.stringify(record));
}

function writeText(text: string): void {
  mkdirSync(join(directory, 'owners'), { recursive: true });
  writeFileSync(pathOf(OWNER), text);
}

/** A pid that nothing has: above the largest that this kernel gives. */
const nobody = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')) + 1;

describe('an owner is alive', () => {
  test('while its process runs, also without a lock', () => {
    write({ pid: process.ppid, startTime: startTime(process.ppid) });
    expect(ownerState(OWNER)).toBe('alive');
  });

  test('but not when it was a thread of this very process, which has let go of its lock', () => {
    write();
    expect(ownerState(OWNER)).toBe('dead');
  });

  test('while somebody holds its lock, even when its process is gone', () => {
    write({ pid: nobody });
    expect(ownerState(OWNER)).toBe('dead');
    const fd = openSync(pathOf(OWNER), 'r');
    try {
      expect(native.tryLock(fd)).toBe(true);
      expect(ownerState(OWNER)).toBe('alive');
    } finally {
      closeSync(fd);
    }
    expect(ownerState(OWNER)).toBe('dead');
  });

  test('asking does not take the lock away', () => {
    const record = writeRecord(OWNER);
    try {
      expect(ownerState(OWNER)).toBe('alive');
      expect(ownerState(OWNER)).toBe('alive');
      const fd = openSync(pathOf(OWNER), 'r');
      expect(native.tryLock(fd)).toBe(false);
      closeSync(fd);
    } finally {
      record.remove();
    }
  });
});

describe('an owner is proven dead', () => {
  test.each([
    ['by another boot', { bootId: '00000000-0000-0000-0000-000000000000' }],
    ['by another boot, whatever its pid namespace', { bootId: 'x', pidNamespace: 'pid:[1]' }],
    ['by a pid that nobody has', { pid: nobody }],
    ['by a pid that started at another time', { startTime: '1' }],
  ])('%s', (_how, changes) => {
    write(changes);
    expect(ownerState(OWNER)).toBe('dead');
  });
});

describe('an owner is unknown', () => {
  test('without a record', () => {
    expect(ownerState(OWNER)).toBe('unknown');
  });

  test('in another pid namespace: its pid means nothing here', () => {
    write({ pidNamespace: 'pid:[1]', pid: nobody });
    expect(ownerState(OWNER)).toBe('unknown');
  });

  test.each([
    ['an empty file', ''],
    ['garbage', 'x'],
    ['half a record', '{"version":1,"owner":"0123456789'],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '7'],
    ['a later version', JSON.stringify({ version: 2, owner: OWNER })],
    ['another owner’s record', JSON.stringify({ version: 1, owner: 'fedcba9876543210' })],
    // Nothing in it proves anything: a missing boot id is not another boot.
    ['a record without its fields', JSON.stringify({ version: 1, owner: OWNER })],
  ])('with %s for a record', (_what, text) => {
    writeText(text);
    expect(ownerState(OWNER)).toBe('unknown');
  });

  test('with a directory for a record', () => {
    mkdirSync(pathOf(OWNER), { recursive: true });
    expect(ownerState(OWNER)).toBe('unknown');
  });
});

describe('a record', () => {
  test('says who, and is gone when removed', () => {
    const record = writeRecord(OWNER);
    expect(readRecord(OWNER)).toMatchObject({
      version: 1,
      owner: OWNER,
      pid: process.pid,
      bootId: bootId(),
      pidNamespace: pidNamespace(),
      startTime: startTime(process.pid),
    });
    record.remove();
    expect(readRecord(OWNER)).toBeUndefined();
  });

  test('is not written over: an owner is one', () => {
    const record = writeRecord(OWNER);
    expect(() => writeRecord(OWNER)).toThrow(/EEXIST/);
    record.remove();
  });

  test('that is gone already is removed', () => {
    removeRecord(OWNER);
    expect(readRecord(OWNER)).toBeUndefined();
  });
});

describe('the run directory', () => {
  test('is NETLOOM_RUN_DIR when that is set', () => {
    expect(runDirectory()).toBe(directory);
  });

  test('is /run/netloom for root, and below the user’s own folder else', () => {
    process.env['NETLOOM_RUN_DIR'] = '';
    expect(runDirectory()).toMatch(process.getuid?.() === 0 ? /^\/run\/netloom$/ : /netloom/);
  });
});

test('the start time is that of the process, whatever its name', () => {
  expect(startTime(process.pid)).toMatch(/^[0-9]+$/);
  expect(startTime(process.pid)).toBe(startTime(process.pid));
  expect(startTime(nobody)).toBeUndefined();
});

describe('marks', () => {
  test('name their owner and count', () => {
    const [first, second] = [createMark(), createMark()];
    expect(first).toMatch(/^netloom-[0-9a-f]{16}-[0-9]+$/);
    expect(ownerOf(first)).toBe(ownerOf(second));
    expect(first).not.toBe(second);
    expect(ownerState(ownerOf(first) ?? '')).toBe('alive');
    releaseMark();
    releaseMark();
  });

  test.each([
    '',
    'netloom',
    'netloom-1-1',
    'netloom-0123456789abcdef',
    'netloom-0123456789abcdef-',
    'netloom-0123456789ABCDEF-1',
    'netloom-0123456789abcdef-1x',
    'xnetloom-0123456789abcdef-1',
    'netloom-0123456789abcdef-1\n',
    'netloom-../../etc/passwd00-1',
  ])('%j is none', (text) => {
    expect(ownerOf(text)).toBeUndefined();
  });
});

describe('a real process', () => {
  let child: ChildProcess | undefined;
  afterEach(() => {
    child?.kill('SIGKILL');
  });

  /** A process that makes a mark, prints it, and lives until its standard input ends. */
  async function owning(): Promise<{ process: ChildProcess; owner: string }> {
    const script = `
      import { createMark, releaseMark } from ${JSON.stringify(builtModule('core').href)};
      console.log(createMark());
      process.stdin.on('end', () => releaseMark()).resume();`;
    const started = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NETLOOM_RUN_DIR: directory },
    });
    child = started;
    const [mark] = (await once(createInterface(started.stdout), 'line')) as [string];
    return { process: started, owner: ownerOf(mark) ?? '' };
  }

  test('is alive while it runs, and dead once it was killed', async () => {
    const { process: running, owner } = await owning();
    expect(ownerState(owner)).toBe('alive');
    running.kill('SIGKILL');
    await once(running, 'close');
    expect(ownerState(owner)).toBe('dead');
    expect(readRecord(owner)?.pid).toBe(running.pid);
  });

  test('that ends with nothing left takes its record with it', async () => {
    const { process: running, owner } = await owning();
    running.stdin?.end();
    await once(running, 'close');
    expect(ownerState(owner)).toBe('unknown');
  });
});
