import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readAnswer } from './answer.js';
import { embeddedGuest } from './guest.js';
import { expectUntouched, TestHost } from './host.js';
import { Program } from './program.js';
import { qemuStandIn } from './stand-in.js';

const TARGETS = ['peer4', 'peer6', 'host4', 'host6'];
const FORBIDDEN = ['ip', 'bridge', 'brctl', 'tunctl', 'tc'];

// On a machine that never ran the demo the guest's packages are fetched first.
beforeAll(async () => void (await embeddedGuest()), 300_000);

/**
 * A QEMU that leaves its place to nobody: it is told to quit and does so, but its process stays, and with it
 * the ports, until the test has read them.
 */
function lingering(host: TestHost) {
  const [gone, release] = ['gone', 'release'].map((name) => join(host.folder, name)) as [string, string];
  execFileSync('mkfifo', [gone, release]);
  const body = `trap '' TERM
"$real" "$@" & wait $!
echo gone >${gone}
read -r _ <${release}`;
  return { gone, release, env: qemuStandIn(host, body) };
}

describe('two VMs on a bridge', () => {
  test('ping each other and the host in both families, and the ports counted their frames', async () => {
    await using host = await TestHost.create();
    const { gone, release, env } = lingering(host);
    await using witness = new Program(['sh', '-c', 'head -n 2 <>"$0"', gone], process.env);
    await using demo = host.netloom(['demo', '--json'], { env });
    const first = await Promise.race([witness.ended, demo.ended]);
    expect([first.stdout, first.stderr]).toEqual(['gone\ngone\n', '\n']);
    const counted = host.json('ip', '-j', '-s', 'link');
    const hold = openSync(release, 'r+');
    writeSync(hold, '\n\n');
    const { code, stdout } = await demo.end();
    closeSync(hold);
    expect(code).toBe(0);

    const answer = readAnswer(stdout);
    expect(answer.version).toBe(1);
    expect(answer.pings.map(({ from, target }) => `${from} ${target}`)).toEqual(
      ['alice', 'bob'].flatMap((name) => TARGETS.map((target) => `${name} ${target}`)),
    );
    for (const { from, target, address, sent, received, times, replies } of answer.pings) {
      expect([from, target, sent, received]).toEqual([from, target, 3, 3]);
      expect(times.min).toBeGreaterThan(0);
      expect(times.avg).toBeGreaterThanOrEqual(times.min);
      // The first frame already was answered: nothing waited for duplicate address detection.
      expect(replies.map((line) => /from (\S+): seq=(\d+) ttl=64 time=/.exec(line)?.slice(1))).toEqual(
        [0, 1, 2].map((seq) => [address, String(seq)]),
      );
    }
    for (const { tap, frames } of answer.vms) {
      const stats = counted.find(({ ifname }) => ifname === tap)?.['stats64'] as
        | Record<'rx' | 'tx', { packets: number }>
        | undefined;
      const pairs = [
        [frames.fromGuest, stats?.rx.packets],
        [frames.toGuest, stats?.tx.packets],
      ] as const;
      for (const [reported, read = -1] of pairs) {
        // 4 kinds of ping from each side, 3 each, are 18 requests and replies in a direction.
        expect(reported).toBeGreaterThanOrEqual(18);
        // The guest lived on for a moment after the report: it may have looked for a neighbour.
        expect(read - reported).toBeGreaterThanOrEqual(0);
        expect(read - reported).toBeLessThanOrEqual(12);
      }
      expect(frames.dropped).toBe(0);
    }
    expectUntouched(host);
  });

  test('are told of on stderr; stdout has the table, a console and what to type next', async () => {
    await using host = await TestHost.create();
    await using demo = host.netloom(['demo']);
    await demo.line(/alice pings peer4/);
    await using quiet = host.netloom(['prune', '--dry-run', '--json']);
    expect((await quiet.end()).code).toBe(0);
    const built = readBuilt(host);
    const { code, stdout, stderr } = await demo.end();
    expect(code).toBe(0);

    const rows = stdout.split('\n').map((line) => line.trim().split(/\s{2,}/));
    expect(stdout).toMatch(/VM .*MAC .*ADDRESSES .*FRAMES/);
    for (const [i, name] of ['alice', 'bob'].entries()) {
      const at = rows.findIndex(([first]) => first === name);
      const [, port, mac, ip4, neighbour, hostTimes, frames] = rows[at] ?? [];
      expect(port).toBe(built.taps[i]?.['ifname']);
      expect(mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
      expect(ip4).toMatch(/^\d+\.\d+\.\d+\.\d+\/24$/);
      expect([neighbour, hostTimes]).toEqual([
        expect.stringMatching(/^[\d.]+\/[\d.]+$/),
        expect.stringMatching(/^[\d.]+\/[\d.]+$/),
      ]);
      expect(frames).toMatch(/^\d+\/\d+$/);
      expect(rows[at + 1]?.[0]).toMatch(/^fd[0-9a-f:]+::\d\/64$/);
    }
    const peers = [
      /64 bytes from 1[\d.]+: seq=0 ttl=64 time=/,
      /64 bytes from fd[0-9a-f:]+: seq=0 ttl=64 time=/,
    ];
    for (const reply of peers) expect(stdout).toMatch(reply);
    expect(stdout).toMatch(/next: npm test/);
    expect(stdout).not.toMatch(/leftovers|boot|removed/);
    for (const story of [
      /leftovers/,
      /bridge nlbr\d+ with/,
      /console/,
      /24 of 24/,
      /everything is removed/,
    ]) {
      expect(stderr).toMatch(story);
    }
    expect(stdout + stderr).not.toContain('\u001B');
    expectUntouched(host);
  });

  test('stand on links of ours while they live: marked, plugged, and addressed at once', async () => {
    await using host = await TestHost.create();
    await using demo = host.netloom(['demo']);
    await demo.line(/alice pings peer4/);
    const { bridge, taps, ports, addresses } = readBuilt(host);
    const mark = /^netloom-[0-9a-f]{16}-\d+$/;
    expect(bridge).toMatchObject({
      flags: expect.arrayContaining(['UP', 'LOWER_UP']),
      linkinfo: { info_data: { stp_state: 0, forward_delay: 0, mcast_snooping: 0 } },
    });
    expect(taps).toHaveLength(2);
    for (const tap of taps) {
      expect(tap).toMatchObject({
        master: bridge['ifname'],
        linkinfo: { info_kind: 'tun', info_data: { type: 'tap', vnet_hdr: true, persist: false } },
      });
    }
    const marks = [bridge, ...taps].flatMap(({ altnames }) => altnames as string[]);
    expect(marks).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(mark)));
    expect(new Set(marks).size).toBe(3);
    expect(new Set(marks.map((altname) => altname.split('-')[1])).size).toBe(1);
    expect(ports.map(({ ifname, master, state }) => [ifname, master, state])).toEqual(
      taps.map(({ ifname }) => [ifname, bridge['ifname'], 'forwarding']),
    );
    // Neither link-local addresses on the host's ends, nor one that is still being proven unique.
    const onTaps = addresses.filter(({ ifname }) => taps.some((tap) => tap['ifname'] === ifname));
    expect(onTaps).toEqual([]);
    const onBridge = addresses.filter(({ ifname }) => ifname === bridge['ifname']);
    expect(onBridge).toMatchObject([
      { family: 'inet', prefixlen: 24, scope: 'global' },
      { family: 'inet6', prefixlen: 64, scope: 'global', nodad: true },
    ]);
    for (const address of onBridge) expect(address).not.toHaveProperty('tentative');
    demo.signal('SIGINT');
    expect((await demo.end()).code).toBe(130);
    expectUntouched(host);
  });

  test('may run twice at once', async () => {
    await using host = await TestHost.create();
    await using first = host.netloom(['demo', '--json']);
    await using second = host.netloom(['demo', '--json']);
    const endings = await Promise.all([first.end(), second.end()]);
    for (const { code, stderr } of endings) expect([code, stderr]).toEqual([0, expect.any(String)]);
    const answers = endings.map(({ stdout }) => readAnswer(stdout));
    for (const { pings } of answers)
      expect(pings.every(({ sent, received }) => sent === received)).toBe(true);
    const all = answers.flatMap(({ bridge, vms }) => [
      bridge,
      ...vms.flatMap(({ tap, mac, ip4, ip6 }) => [tap, mac, ip4, ip6]),
    ]);
    // One after the other they would have had the same names.
    expect(new Set(all).size).toBe(all.length);
    expectUntouched(host);
  });

  test('start no program of the host but QEMU', async () => {
    await using host = await TestHost.create();
    const log = join(host.folder, 'execve');
    const traced = hasStrace()
      ? { through: ['strace', '-f', '--seccomp-bpf', '-qq', '-e', 'trace=execve,execveat', '-o', log] }
      : { env: shims(host, log) };
    await using demo = host.netloom(['demo', '--json'], traced);
    const { code, stderr } = await demo.end(240);
    expect([code, stderr]).toEqual([0, '\n']);
    const started = readExecuted(log);
    if (hasStrace()) expect(started).toContain('qemu-system-x86_64');
    expect(started.filter((program) => FORBIDDEN.includes(program))).toEqual([]);
    expectUntouched(host);
  });
});

describe('the subnets', () => {
  test('stay clear of a route that covers 10.0.0.0/8', async () => {
    await using host = await TestHost.create();
    host.run('ip', 'route', 'add', '10.0.0.0/8', 'via', '192.0.2.2');
    host.remember();
    await using demo = host.netloom(['demo', '--json', '--count', '1']);
    const { code, stdout } = await demo.end();
    expect(code).toBe(0);
    const { vms, pings } = readAnswer(stdout);
    for (const { ip4 } of vms) expect(ip4).toMatch(/^172\.(1[6-9]|2\d|3[01])\./);
    expect(pings.every(({ sent, received }) => sent === 1 && received === 1)).toBe(true);
    expectUntouched(host);
  });

  test('are missing when routes of any table cover every private range', async () => {
    await using host = await TestHost.create();
    for (const prefix of ['10.0.0.0/8', '172.16.0.0/12'])
      host.run('ip', 'route', 'add', 'unreachable', prefix);
    host.run('ip', 'route', 'add', '192.168.0.0/16', 'via', '192.0.2.2', 'table', '77');
    host.remember();
    await using demo = host.netloom(['demo']);
    const { code, stderr } = await demo.end();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /cannot find a free IPv4 subnet.*\n\s+subnet: ERR_NETLOOM_SUBNET\n\s+hint: .*ip route/,
    );
    expectUntouched(host);
  });
});

function readBuilt(host: TestHost) {
  const links = host.json('ip', '-d', '-j', 'link');
  const ofKind = (kind: string) =>
    links.filter(({ linkinfo }) => (linkinfo as { info_kind?: string } | undefined)?.info_kind === kind);
  const [bridge = {}] = ofKind('bridge');
  const addresses = host
    .json('ip', '-j', 'addr')
    .flatMap(({ ifname, addr_info }) =>
      (addr_info as Record<string, unknown>[]).map((address) => ({ ifname, ...address })),
    );
  const byName = (a: Record<string, unknown>, b: Record<string, unknown>) =>
    String(a['ifname']).localeCompare(String(b['ifname']));
  const ports = host.json('bridge', '-j', 'link').sort(byName);
  return { bridge, taps: ofKind('tun').sort(byName), ports, addresses };
}

function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-f', '--seccomp-bpf', '-qq', '-e', 'trace=execve', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Without strace: programs of those names that come first in PATH and write down that they were called. */
function shims(host: TestHost, log: string): NodeJS.ProcessEnv {
  const folder = join(host.folder, 'shims');
  execFileSync('mkdir', ['-p', folder]);
  for (const name of FORBIDDEN) {
    execFileSync('sh', [
      '-c',
      `printf '#!/bin/sh\\necho "execve(\\"${name}\\"" >>${log}\\n' >${folder}/${name} && chmod +x ${folder}/${name}`,
    ]);
  }
  execFileSync('touch', [log]);
  return { PATH: `${folder}:${process.env['PATH']}` };
}

function readExecuted(log: string): string[] {
  const text = readFileSync(log, 'utf8');
  return [...text.matchAll(/execve(?:at)?\([^"\n]*"([^"]+)"/g)].map(([, path = '']) => basename(path));
}
