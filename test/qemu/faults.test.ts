import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { scratchNetns } from '@netloom/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { readPruned } from './answer.js';
import { embeddedGuest } from './guest.js';
import { expectUntouched, type StartOptions, TestHost } from './host.js';
import { qemuStandIn } from './stand-in.js';

beforeAll(async () => void (await embeddedGuest()), 300_000);

const NOBODY = 65534;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'];

/** A run directory of nobody's, so that nothing but the right is missing. */
function asNobody(host: TestHost): StartOptions {
  const run = join(host.folder, 'nobody');
  mkdirSync(run);
  chownSync(run, NOBODY, NOBODY);
  chownSync(host.folder, NOBODY, NOBODY);
  return { through: AS_NOBODY, env: { NETLOOM_RUN_DIR: run, HOME: run } };
}

async function ended(host: TestHost, args: readonly string[], options?: StartOptions) {
  await using program = host.netloom(args, options);
  const ending = await program.end(60);
  expectUntouched(host);
  expect(ending.stderr).not.toMatch(/left behind/);
  return ending;
}

describe('what is missing is named, with what to do about it, and nothing is left', () => {
  test('a right', async () => {
    await using host = await TestHost.create();
    // Nobody may read root's cache, and should not need to fetch a guest to learn what is missing.
    const guest = ['--kernel', '/etc/hostname', '--initrd', '/etc/hostname'];
    const { code, stdout, stderr } = await ended(host, ['demo', ...guest], asNobody(host));
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/\ncannot .*operation not permitted\n\s+.*EPERM.*\n\s+hint: .*CAP_.*root/);
  });

  test('/dev/net/tun', async () => {
    await using host = await TestHost.create();
    const through = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /dev/net && exec "$@"', 'sh'];
    const { code, stdout, stderr } = await ended(host, ['demo'], { through });
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /\ncannot create TAP .*\n\s+.*\/dev\/net\/tun: ENOENT.*\n\s+hint: .*modprobe tun.*--device/,
    );
  });

  test('a /dev/net/tun that the user may not open', async () => {
    await using host = await TestHost.create();
    // All capabilities but the one that opens every file.
    const through = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      'mount -t tmpfs none /dev/net && mknod -m 000 /dev/net/tun c 10 200 && exec "$@"',
      'sh',
    ];
    const drop = [
      'setpriv',
      '--bounding-set=-dac_override,-dac_read_search',
      '--inh-caps=-dac_override,-dac_read_search',
    ];
    const { code, stderr } = await ended(host, ['demo'], { through: [...through, ...drop] });
    expect(code).toBe(3);
    expect(stderr).toMatch(/\ncannot create TAP .*\n\s+.*\/dev\/net\/tun: EACCES.*\n\s+hint: .*may not open/);
  });

  test('QEMU', async () => {
    await using host = await TestHost.create();
    const { code, stdout, stderr } = await ended(host, ['demo'], { through: ['env', 'PATH=/nonexistent'] });
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /\ncannot launch qemu-system-x86_64: not in PATH\n\s+binary: ERR_NETLOOM_QEMU_NOT_FOUND\n\s+hint: .*apt-get install qemu-system-x86/,
    );
  });
});

describe('what fails says why, and nothing is left', () => {
  test('a QEMU that exits at once, with its last words', async () => {
    await using host = await TestHost.create();
    const env = qemuStandIn(host, "echo 'qemu: no such luck' >&2; exit 7");
    const { code, stdout, stderr } = await ended(host, ['demo'], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /\ncannot launch VM '(alice|bob)': QEMU exited with status 7\n.*ERR_NETLOOM_QEMU_EXITED "qemu: no such luck"/,
    );
    expect(stderr).toMatch(/same as: \S+\/qemu-system-x86_64 -name guest=/);
  });

  test('and has one thing to try', async () => {
    await using host = await TestHost.create();
    const env = qemuStandIn(host, "echo 'qemu: no such luck' >&2; exit 7");
    const { stderr } = await ended(host, ['demo'], { env });
    expect(stderr).toMatch(/\n\s+hint: /);
  });

  test('a guest whose kernel finds no init', async () => {
    await using host = await TestHost.create();
    const { kernel } = await embeddedGuest();
    const { code, stderr } = await ended(host, ['demo', '--kernel', kernel, '--initrd', '/etc/hostname']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /\ncannot wait for VM '(alice|bob)': QEMU exited with status 0\n.*ERR_NETLOOM_QEMU_EXITED/,
    );
  });
});

describe('bad usage is exit code 2 and changes nothing', () => {
  test.each([
    [['demo', '--nope'], /--nope/],
    [['demo', '--count', 'many'], /count/],
    [['demo', 'extra'], /extra/],
    [['nonsense'], /nonsense/],
  ])('%j is not in the grammar', async (args, words) => {
    await using host = await TestHost.create();
    const { code, stdout, stderr } = await ended(host, args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(words);
  });

  test.each([
    [['demo', '--count', '0'], /invalid count: .*\n\s+count: ERR_NETLOOM_ARGUMENT/],
    [['demo', '--kernel', '/boot/vmlinuz'], /invalid initrd: .*\n\s+initrd: ERR_NETLOOM_ARGUMENT/],
    [['demo', '--memory', '12Q'], /invalid memory: '12Q' .*\n\s+memory: ERR_NETLOOM_ARGUMENT\n\s+hint: /],
    [
      ['demo', '--kernel', '/no/such', '--initrd', '/etc/hostname'],
      /invalid kernel: .*\/no\/such.*\n\s+kernel: ERR_NETLOOM_ARGUMENT/,
    ],
  ])('%j means nothing', async (args, words) => {
    await using host = await TestHost.create();
    const { code, stdout, stderr } = await ended(host, args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(words);
  });
});

test('a list of leftovers needs no right', async () => {
  // A namespace with a name is seen by everybody and entered by few.
  await using closed = await scratchNetns();
  await using host = await TestHost.create();
  const { code, stdout, stderr } = await ended(host, ['prune', '--dry-run', '--json'], asNobody(host));
  expect([code, stderr]).toEqual([0, '\n']);
  const { found, removed } = readPruned(stdout);
  expect(removed).toEqual([]);
  expect(found.filter(({ what }) => what === `namespace ${closed.name}`)).toEqual([]);
});

test('a guest that never boots ends the demo with exit code 6, the stage and what to look at', async () => {
  await using host = await TestHost.create();
  // Real QEMU, its processors stopped from the start.
  const env = qemuStandIn(host, 'exec "$real" "$@" -S');
  const { code, stderr } = await ended(host, ['demo', '--timeout', '2'], { env });
  expect(code).toBe(6);
  expect(stderr).toMatch(/cannot wait for stage 'console' of VM '(alice|bob)': .* did not come in 2 s/);
  expect(stderr).toMatch(/\n\s+console: ERR_NETLOOM_TIMEOUT "no output at all"\n\s+hint: /);
  expectUntouched(host);
});
