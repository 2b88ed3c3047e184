import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetns, leftovers, type Netns, sweep } from '@netloom/core';
import { createTap } from '@netloom/vnic';
import { scratchName, scratchNetns } from '@netloom/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { DIST, NodeChild } from './child.js';

let netns: Netns;
let runDirectory: string;
beforeAll(() => {
  runDirectory = mkdtempSync(join(tmpdir(), 'nlt-run-'));
  process.env['NETLOOM_RUN_DIR'] = runDirectory;
});
afterAll(() => {
  rmSync(runDirectory, { recursive: true });
});
beforeEach(async () => {
  netns = await scratchNetns();
});
afterEach(async () => {
  await netns.remove();
});

/** Leftovers of other runs on this host are none of this test's business. */
const here = async () =>
  (await leftovers()).filter((left) => left.netns?.startsWith('nlt-') === true && mine.has(left.netns));
const mine = new Set<string>();
beforeEach(() => mine.add(netns.name ?? ''));

const records = () => readdirSync(join(runDirectory, 'owners')).filter((name) => name.endsWith('.json'));
const names = async () => (await netns.links.list()).map(({ ifname }) => ifname).sort();

/** A program that makes things in the namespace, says so, and waits to be killed. */
function owner(body: string): NodeChild {
  return new NodeChild(`
    import { createNetns, openNetns } from '${DIST.core}';
    import { createBridge } from '${DIST.bridge}';
    import { createVeth } from '${DIST.veth}';
    import { createTap } from '${DIST.vnic}';
    const netns = await openNetns('${netns.name}');
    ${body}
    console.log('made');
    setInterval(() => {}, 1000);
  `);
}

test('what a killed program left is listed as dead and swept; what is not ours stays', async () => {
  const ip = (...args: string[]) => execFileSync('ip', ['-n', netns.name ?? '', ...args]);
  ip('link', 'add', 'theirs', 'type', 'bridge');
  // Looks like a mark, and is none.
  ip('link', 'property', 'add', 'dev', 'theirs', 'altname', 'netloom-look-alike');
  await using alive = await netns.links.create({ kind: 'bridge', ifname: 'alive' });
  const child = owner(`
    await createBridge(netns, { ifname: 'br0' });
    await createVeth({ netns, ifname: 'v0' }, { netns, ifname: 'v1' });
    await createTap(netns, { ifname: 'mortal' });
    await createTap(netns, { ifname: 'lasting', persist: true });
    globalThis.kept = await (await createBridge(netns, { ifname: 'kept' })).keep();
  `);
  await child.printed('made');
  expect((await here()).map(({ what, state }) => `${state} ${what}`).sort()).toEqual([
    'alive link alive (bridge)',
    'alive link br0 (bridge)',
    'alive link lasting (tun)',
    'alive link mortal (tun)',
    'alive link v0 (veth)',
    `alive namespace ${netns.name}`,
  ]);
  await sweep();
  expect(await names()).toContain('br0');

  child.process.kill('SIGKILL');
  await child.ended;
  const dead = (await here()).filter(({ state }) => state === 'dead').map(({ what }) => what);
  expect(dead.sort()).toEqual(['link br0 (bridge)', 'link lasting (tun)', 'link v0 (veth)']);
  const swept = await sweep();
  expect(swept.map(({ what }) => what).sort()).toEqual(dead);
  expect(await names()).toEqual(['alive', 'kept', 'lo', 'theirs']);
  expect((await here()).every(({ state }) => state === 'alive')).toBe(true);
  expect(alive.owned).toBe(true);
});

test('a program that ends in order leaves neither links nor records', async () => {
  const before = records();
  const child = new NodeChild(`
    import { openNetns } from '${DIST.core}';
    import { createBridge } from '${DIST.bridge}';
    const netns = await openNetns('${netns.name}');
    const bridge = await createBridge(netns, { ifname: 'br0' });
    await bridge.remove();
    netns.close();
  `);
  expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
  expect(records()).toEqual(before);
});

test('a link in a namespace without a name is found by a process in it', async () => {
  const child = new NodeChild(`
    import { createNetns } from '${DIST.core}';
    import { createBridge } from '${DIST.bridge}';
    import { openSync } from 'node:fs';
    import { spawn } from 'node:child_process';
    const unnamed = await createNetns();
    globalThis.bridge = await createBridge(unnamed, { ifname: 'br-${runDirectory.slice(-6)}' });
    // Stays in the namespace when we are gone, as a container does.
    const inside = spawn('nsenter', ['--net=/proc/self/fd/3', 'sleep', '300'], { stdio: ['ignore', 'ignore', 'ignore', unnamed.opener.descriptor.fd], detached: true });
    console.log('made', inside.pid);
    setInterval(() => {}, 1000);
  `);
  await child.printed('made');
  child.process.kill('SIGKILL');
  const [, inside] = /made (\d+)/.exec((await child.ended).stdout) ?? [];
  try {
    const what = `link br-${runDirectory.slice(-6)} (bridge)`;
    const found = async () =>
      (await leftovers()).filter((left) => left.what === what).map(({ state }) => state);
    while ((await found()).length === 0);
    expect(await found()).toEqual(['dead']);
    await sweep();
    expect(await found()).toEqual([]);
  } finally {
    process.kill(Number(inside), 'SIGKILL');
  }
});

test('the record of a dead owner goes with the last that it left, or a day later when not all can be looked at', async () => {
  const killed = async () => {
    const before = new Set(records());
    const child = owner(`globalThis.bridge = await createBridge(netns, { ifname: 'left' });`);
    await child.printed('made');
    child.process.kill('SIGKILL');
    await child.ended;
    return records().find((record) => !before.has(record)) ?? '';
  };
  const seen = await killed();
  expect((await sweep()).map(({ what }) => what)).toEqual(['link left (bridge)']);
  expect(records()).not.toContain(seen);

  const unseen = await killed();
  // No namespace has this inode: it stands for one that this caller may not look into.
  appendFileSync(join(runDirectory, 'owners', unseen), 'netns 1\n');
  expect((await sweep()).map(({ what }) => what)).toEqual(['link left (bridge)']);
  expect(records()).toContain(unseen);
  await sweep();
  expect(records()).toContain(unseen);
  const old = Date.now() / 1000 - 2 * 86_400;
  utimesSync(join(runDirectory, 'owners', unseen.replace('.json', '.dead')), old, old);
  await sweep();
  expect(records()).not.toContain(unseen);
});

test('a named namespace of a killed program is swept with all that is in it', async () => {
  const name = scratchName();
  mine.add(name);
  const child = owner(`
    globalThis.named = await createNetns('${name}');
    globalThis.bridge = await createBridge(named, { ifname: 'br0' });
  `);
  await child.printed('made');
  child.process.kill('SIGKILL');
  await child.ended;
  expect((await here()).filter(({ state }) => state === 'dead').map(({ what }) => what)).toEqual([
    'link br0 (bridge)',
    `namespace ${name}`,
  ]);
  await sweep();
  expect(readdirSync('/run/netns')).not.toContain(name);
});

test('an owner without a record, or in another pid namespace, is unknown and never swept', async () => {
  const child = new NodeChild(
    `
    import { openNetns } from '${DIST.core}';
    import { createBridge } from '${DIST.bridge}';
    const netns = await openNetns('${netns.name}');
    globalThis.bridge = await createBridge(netns, { ifname: 'other' });
    console.log('made');
    process.kill(process.pid, 'SIGKILL');
  `,
    { through: ['unshare', '--pid', '--fork', '--mount-proc'] },
  );
  await child.printed('made');
  await child.ended;
  execFileSync('ip', ['-n', netns.name ?? '', 'link', 'add', 'lost', 'type', 'bridge']);
  execFileSync('ip', [
    '-n',
    netns.name ?? '',
    'link',
    'property',
    'add',
    'dev',
    'lost',
    'altname',
    'netloom-0123456789abcdef-1',
  ]);
  const unknown = (await here()).filter(({ state }) => state === 'unknown').map(({ what }) => what);
  expect(unknown.sort()).toEqual(['link lost (bridge)', 'link other (bridge)']);
  expect(await sweep()).toEqual([]);
  expect(await names()).toEqual(['lo', 'lost', 'other']);
});

test('a full disk under the records: nothing is made, and the next try works', async () => {
  const script = `
    import { openNetns } from '${DIST.core}';
    import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
    const netns = await openNetns('${netns.name}');
    const create = () => netns.links.create({ kind: 'bridge', ifname: 'br0' });
    const fds = () => readdirSync('/proc/self/fd').length;
    await netns.links.list();
    const before = fds();
    try { writeFileSync('/mnt/fill', Buffer.alloc(1 << 20)); } catch {}
    const refused = await create().then(() => ({ code: 'none' }), (e) => ({ code: e.code, field: e.field, hint: e.hint }));
    const left = { links: (await netns.links.list()).length, fds: fds() - before };
    rmSync('/mnt/fill');
    await (await create()).remove();
    console.log(JSON.stringify({ refused, left }));
    netns.close();
  `;
  const full = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=16k none /mnt && exec "$@"', 'sh'];
  const { stdout, stderr, code } = await new NodeChild(script, {
    through: full,
    env: { NETLOOM_RUN_DIR: '/mnt/run' },
  }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    refused: { code: 'ERR_NETLOOM_RUN_DIR', field: 'NETLOOM_RUN_DIR', hint: expect.any(String) },
    left: { links: 1, fds: 0 },
  });
});

test('one thing that cannot be swept keeps nothing else from it', async () => {
  const child = owner(`
    globalThis.bridge = await createBridge(netns, { ifname: 'dead0' });
    globalThis.tap = await createTap(netns, { ifname: 'dead1', persist: true });
  `);
  await child.printed('made');
  child.process.kill('SIGKILL');
  await child.ended;
  const dead = (await here()).find(({ what }) => what === 'link dead0 (bridge)');
  // A process that carries the dead owner's mark and that SIGKILL does not end: it is stopped in the kernel's
  // eyes only when it is a zombie, so one that belongs to somebody else stands for it, swept without CAP_KILL.
  const stubborn = new NodeChild('console.log("up"); setInterval(() => {}, 1000);', {
    through: ['setpriv', '--reuid=65534', '--clear-groups', '--'],
    args: ['-chardev', `null,id=${dead?.mark}`],
  });
  await stubborn.printed('up');
  const sweeper = new NodeChild(
    `
    import { sweep } from '${DIST.core}';
    const error = await sweep().then(() => undefined, (e) => e);
    console.log(JSON.stringify({ code: error?.code, swept: error?.swept.map(({ what }) => what), failures: error?.failures.length }));
  `,
    { through: ['setpriv', '--bounding-set=-kill', '--'] },
  );
  try {
    const { stdout } = await sweeper.ended;
    expect(JSON.parse(stdout)).toEqual({
      code: 'ERR_NETLOOM_SWEEP',
      swept: expect.arrayContaining(['link dead0 (bridge)', 'link dead1 (tun)']),
      failures: 1,
    });
    expect(await names()).toEqual(['lo']);
  } finally {
    stubborn.process.kill('SIGKILL');
    await stubborn.ended;
    await sweep();
  }
});

test('killed at any moment, nothing without a mark is left', async () => {
  const rounds = process.env['NETLOOM_LONG'] === '1' ? 200 : 12;
  for (let round = 0; round < rounds; round++) {
    const child = owner(`
      console.log('started');
      for (let i = 0; ; i++) {
        const bridge = await createBridge(netns, { ifname: 'br0', up: true, addrGenMode: 1 });
        const tap = await createTap(netns, { ifname: 'tap0' });
        await bridge.addPort(tap);
        const cable = await createVeth({ netns, ifname: 'v0' }, { netns, ifname: 'v1' });
        await cable.remove();
        await tap.remove();
        await bridge.remove();
      }
    `);
    await child.printed('started');
    // The moment is chosen by the number of events seen, not by a clock.
    const moment = 1 + Math.floor(Math.random() * 40);
    for (let seen = 0; seen < moment; seen++) await netns.links.list();
    child.process.kill('SIGKILL');
    await child.ended;
    const marked = new Set(
      (await netns.links.list()).filter(({ altnames }) => altnames.length > 0).map(({ ifindex }) => ifindex),
    );
    for (const link of await netns.links.list()) {
      // A veth's far end falls with the near one.
      const safe =
        link.ifname === 'lo' ||
        marked.has(link.ifindex) ||
        (link.link !== undefined && marked.has(link.link));
      expect(safe, `round ${round}, moment ${moment}: ${link.ifname} has no mark`).toBe(true);
    }
    await sweep();
    expect(await names(), `round ${round}, moment ${moment}`).toEqual(['lo']);
  }
});

test('the mark of a TAP is there while it lives, and keep() takes it off', async () => {
  const tap = await createTap(netns, { ifname: 'tap0' });
  expect((await tap.get()).altnames).toHaveLength(1);
  await tap.keep();
  expect((await tap.get()).altnames).toEqual([]);
  tap.close();
  const unnamed = await createNetns();
  expect((await unnamed.links.get('lo')).altnames).toEqual([]);
  unnamed.close();
});
