import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createBridge } from '@netloom/bridge';
import { scratchNetns } from '@netloom/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readAnswer, readPruned } from './answer.js';
import { embeddedGuest } from './guest.js';
import { expectUntouched, TestHost } from './host.js';
import { LONG, moments, SEED } from './moments.js';
import type { Program } from './program.js';
import { qemuStandIn } from './stand-in.js';

// This process is an owner, too: its record has to be where the demo looks.
const runDirectory = mkdtempSync(join(tmpdir(), 'netloom-run-'));
process.env['NETLOOM_RUN_DIR'] = runDirectory;
afterAll(() => rmSync(runDirectory, { recursive: true, force: true }));

beforeAll(async () => void (await embeddedGuest()), 300_000);

describe('a QEMU that is killed ends the demo', () => {
  test.each([
    ['alice', 'while it boots', /waiting for its console/],
    ['bob', 'while its neighbour pings it', /alice pings peer4/],
    ['alice', 'while it pings', /alice pings peer6/],
  ])('%s, %s', async (name, _, moment) => {
    await using host = await TestHost.create();
    await using demo = host.netloom(['demo']);
    await demo.line(moment);
    const qemu = host.qemu(name);
    expect(qemu).toBeDefined();
    process.kill(qemu?.pid ?? 0, 'SIGKILL');
    const { code, stdout, stderr } = await demo.end();
    expect([code, stderr]).toEqual([1, expect.any(String)]);
    expect(stderr).toMatch(
      new RegExp(`cannot .*VM '${name}': QEMU exited by SIGKILL\\n.*ERR_NETLOOM_QEMU_EXITED`),
    );
    expect(stdout).toBe('');
    expectUntouched(host);
  });

  test('alice at once, while bob is still being launched', async () => {
    await using host = await TestHost.create();
    const late = join(host.folder, 'late');
    execFileSync('mkfifo', [late]);
    const env = qemuStandIn(
      host,
      `case "$*" in *guest=alice,*) echo 'alice is ill' >&2; exit 7 ;; esac
read -r _ <${late}
exec "$real" "$@"`,
    );
    await using demo = host.netloom(['demo'], { env });
    await demo.line(/everything is removed|left behind/);
    // Were bob only forgotten, he would come to life now.
    const hold = openSync(late, 'r+');
    writeSync(hold, '\n');
    const { code, stderr } = await demo.end(30);
    closeSync(hold);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/VM 'alice': QEMU exited with status 7/)]);
    expectUntouched(host);
  });
});

describe('a demo that is killed', () => {
  const MOMENTS: [string, (demo: Program) => Promise<unknown>][] = [
    ['when its bridge stands', (demo) => demo.line(/bridge nlbr\d+ with/)],
    ['while its guests boot', (demo) => demo.line(/waiting for its console/)],
    ['while its guests ping', (demo) => demo.line(/alice pings peer6/)],
  ];
  if (LONG) {
    console.info(`moments of seed ${SEED}`);
    const spans = Array.from({ length: 17 }, (_, i) => [7 + i, 7 + i] as const);
    for (const { line, milliseconds } of moments(spans)) {
      const reach = async (demo: Program) => {
        await demo.lineCount(line);
        await delay(milliseconds);
      };
      MOMENTS.push([`${milliseconds} ms after line ${line}`, reach]);
    }
  }

  test.each(MOMENTS)('%s is cleaned up by the next one', async (_, reach) => {
    await using host = await TestHost.create(runDirectory);
    host.run('ip', 'link', 'add', 'nlbr9', 'type', 'bridge');
    const living = await createBridge(host.netns, { ifname: 'living0' });
    host.remember();
    {
      await using demo = host.netloom(['demo']);
      await reach(demo);
      demo.signal('SIGKILL');
      expect((await demo.ended).signal).toBe('SIGKILL');
    }
    // A child that was just being started may go with it, or has yet to become QEMU.
    await vi.waitFor(
      () => {
        const processes = host.processes();
        expect(processes.every(({ argv }) => argv.some((word) => word.startsWith('guest=')))).toBe(true);
        const taps = host.state().links.filter(({ ifname }) => String(ifname).startsWith('nltap'));
        expect(taps).toHaveLength(processes.length);
      },
      { timeout: 30_000, interval: 50 },
    );
    const left = host.state();

    const dry = readPruned((await host.netloom(['prune', '--dry-run', '--json']).end()).stdout);
    const ours = new Set(left.links.flatMap(({ altnames }) => (altnames as string[] | undefined) ?? []));
    const listed = dry.found.filter(
      ({ kind, mark, state }) => ours.has(mark) || (kind === 'process' && state === 'dead'),
    );
    const [alive] = listed.filter(({ what }) => what === 'link living0 (bridge)');
    expect(alive).toMatchObject({ state: 'alive' });
    const dead = listed.filter(({ state }) => state === 'dead');
    expect(dead.length).toBe(listed.length - 1);
    expect(dry.removed).toEqual([]);
    expect(host.state()).toEqual(left);
    // QEMU leads a session of its own and outlives the demo; its TAP outlives with it.
    const survivors = ['alice', 'bob'].filter((name) => host.qemu(name) !== undefined);
    expect(dead.filter(({ kind }) => kind === 'process')).toHaveLength(survivors.length);
    expect(dead.filter(({ what }) => /^link nltap\d+ \(tun\)$/.test(what))).toHaveLength(survivors.length);
    expect(dead.some(({ what }) => /^link nlbr\d+ \(bridge\)$/.test(what))).toBe(true);

    await using next = host.netloom(['demo', '--count', '1']);
    const { code, stdout, stderr } = await next.end();
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining(`leftovers of earlier runs: ${dead.length} removed`),
    ]);
    expect(stdout).toMatch(/next: npm test/);
    expectUntouched(host);
    await living.remove();
  });

  test('is cleaned up by prune, which says what it took', async () => {
    await using host = await TestHost.create();
    {
      await using demo = host.netloom(['demo']);
      await demo.line(/waiting for its console/);
      demo.signal('SIGKILL');
      await demo.ended;
    }
    const { code, stdout } = await host.netloom(['prune']).end();
    expect(code).toBe(0);
    expect(stdout).toMatch(/link nlbr\d+ \(bridge\) .*dead, removed/);
    expect(stdout.match(/process \d+ \(\S*qemu-system-x86_64\) .*dead, removed/g)).toHaveLength(2);
    expectUntouched(host);
  });

  test('stays known as dead to whoever cannot see all that it left', async () => {
    await using host = await TestHost.create();
    await using elsewhere = await TestHost.create(host.runDirectory);
    {
      await using demo = host.netloom(['demo']);
      await demo.line(/waiting for its console/);
      demo.signal('SIGKILL');
      await demo.ended;
    }
    // From another namespace the processes are seen, the bridge is not.
    expect((await elsewhere.netloom(['prune', '--json']).end()).code).toBe(0);
    expect(host.processes()).toEqual([]);
    expect((await host.netloom(['prune', '--json']).end()).code).toBe(0);
    expect(host.state()).toEqual(host.before);
  });
});

test('what stands in a namespace with a name is listed once from within', async () => {
  await using netns = await scratchNetns();
  await using bridge = await createBridge(netns, { ifname: 'once0' });
  await using host = await TestHost.create(runDirectory);
  await using prune = host.netloom(['prune', '--dry-run', '--json'], {
    through: ['ip', 'netns', 'exec', netns.name ?? ''],
  });
  const { found } = readPruned((await prune.end()).stdout);
  expect(found.filter(({ what }) => what === `link ${bridge.ifname} (bridge)`)).toHaveLength(1);
});

test('a demo after a demo finds nothing', async () => {
  await using host = await TestHost.create();
  await using demo = host.netloom(['demo', '--json', '--count', '1']);
  expect(readAnswer((await demo.end()).stdout).vms).toHaveLength(2);
  const { found } = readPruned((await host.netloom(['prune', '--dry-run', '--json']).end()).stdout);
  expect(found.filter(({ state }) => state === 'dead')).toEqual([]);
});
