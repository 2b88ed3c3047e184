import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetns, openNetns } from '@netloom/core';
import { LINK_MESSAGE, NETLINK_ROUTE, readAttributes, RTM_DELLINK } from '@netloom/core/netlink';
import { ipJson, scratchName, scratchNetns } from '@netloom/testing';
import native from '@netloom/native';
import { expect, test } from 'vitest';

const RTNLGRP_LINK = 1;

const names = () => (existsSync('/run/netns') ? readdirSync('/run/netns') : []);

/** Another test's name may be gone by now. */
const inode = (path: string) => lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;

test('a named namespace is the one that ip netns shows, and is gone after disposal', async () => {
  const name = scratchName();
  {
    await using netns = await createNetns(name);
    expect(ipJson(undefined, 'netns', 'list').map((entry) => entry['name'])).toContain(name);
    await netns.links.create({ kind: 'bridge', ifname: 'br0' });
    expect(ipJson(name, 'link').map((link) => link['ifname'])).toEqual(['lo', 'br0']);
  }
  expect(names()).not.toContain(name);
});

test('a namespace that ip netns made is opened by name and by path, and left alone', async () => {
  const name = scratchName();
  execFileSync('ip', ['netns', 'add', name]);
  try {
    await using byName = await openNetns(name);
    await using byPath = await openNetns(`/run/netns/${name}`);
    expect(byName.identity).toEqual(byPath.identity);
    expect((await byName.links.list()).map(({ ifname }) => ifname)).toEqual(['lo']);
  } finally {
    expect(names()).toContain(name);
    execFileSync('ip', ['netns', 'delete', name]);
  }
});

test('a namespace is opened by a process in it', async () => {
  const child = spawn('unshare', ['--net', 'sh', '-c', 'echo in; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    await using netns = await openNetns({ pid: child.pid ?? 0 });
    await using own = await openNetns();
    expect(netns.identity.ino).not.toBe(own.identity.ino);
    expect((await netns.links.list()).map(({ ifname }) => ifname)).toEqual(['lo']);
  } finally {
    child.kill();
  }
});

test('an unnamed namespace ends with its handle, with all that is in it', async () => {
  await using outside = await scratchNetns();
  const netns = await createNetns();
  const { ino } = netns.identity;
  expect(names().filter((name) => inode(`/run/netns/${name}`) === ino)).toEqual([]);
  await outside.links.create({
    kind: 'veth',
    ifname: 'out',
    peer: { ifname: 'in', netNsFd: netns.opener.descriptor.fd },
  });
  expect((await netns.links.list()).map(({ ifname }) => ifname)).toContain('in');
  // Nothing reports the end of a namespace; the peer's removal is an event of our own.
  const monitor = outside.opener.openNetlink(NETLINK_ROUTE);
  try {
    const gone = new Promise<void>((resolve) => {
      monitor.listen([RTNLGRP_LINK], (heard) => {
        const messages = 'messages' in heard ? heard.messages : [];
        const removed = messages.filter(({ type }) => type === RTM_DELLINK);
        if (removed.some((message) => readAttributes(LINK_MESSAGE, message).ifname === 'out')) resolve();
      });
    });
    netns.close();
    await gone;
  } finally {
    monitor.close();
  }
  expect(await outside.links.find('out')).toBeUndefined();
});

test('keep() leaves the name, without our mark', async () => {
  const name = scratchName();
  const netns = await createNetns(name);
  await netns.keep();
  await netns[Symbol.asyncDispose]();
  try {
    expect(names()).toContain(name);
    const [lo] = ipJson(name, 'link', 'show', 'lo');
    expect(lo?.['altnames']).toBeUndefined();
  } finally {
    execFileSync('ip', ['netns', 'delete', name]);
  }
});

test('a name that stands for another namespace by now is left alone', async () => {
  const name = scratchName();
  const netns = await createNetns(name);
  execFileSync('ip', ['netns', 'delete', name]);
  execFileSync('ip', ['netns', 'add', name]);
  await netns.remove();
  expect(names()).toContain(name);
  execFileSync('ip', ['netns', 'delete', name]);
});

test('a name that was taken away by hand is success', async () => {
  const name = scratchName();
  const netns = await createNetns(name);
  execFileSync('ip', ['netns', 'delete', name]);
  await netns.remove();
  await netns.remove();
  expect(names()).not.toContain(name);
});

test('a name that an interrupted creation left says how to get rid of it', async () => {
  const name = scratchName();
  await using _first = await scratchNetns();
  writeFileSync(`/run/netns/${name}`, '');
  await expect(createNetns(name)).rejects.toMatchObject({
    code: 'EEXIST',
    hint: expect.stringContaining(`ip netns delete ${name}`),
  });
  execFileSync('ip', ['netns', 'delete', name]);
  await using netns = await createNetns(name);
  expect(netns.owned).toBe(true);
});

test('a handle that is closed says so', async () => {
  const netns = await createNetns();
  netns.close();
  netns.close();
  await expect(netns.links.list()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' });
  expect(() => netns.sync.links.list()).toThrow(/its handle is closed/);
});

test('bad names, taken names and files that are no namespace are named errors', async () => {
  for (const name of ['', '.', '..', 'a/b', 'x'.repeat(256)]) {
    await expect(createNetns(name)).rejects.toMatchObject({ code: 'ERR_NETLOOM_ARGUMENT', field: 'name' });
  }
  await using taken = await scratchNetns();
  const name = taken.name ?? '';
  await expect(createNetns(name)).rejects.toMatchObject({
    code: 'EEXIST',
    field: 'name',
    command: `ip netns add ${name}`,
  });
  expect((await taken.links.list()).length).toBe(1);
  await expect(openNetns(scratchName())).rejects.toMatchObject({ code: 'ENOENT', field: 'name' });
  const file = join(tmpdir(), scratchName());
  writeFileSync(file, '');
  await expect(openNetns(file)).rejects.toMatchObject({ code: 'EINVAL', field: 'path' });
  execFileSync('rm', [file]);
  await expect(openNetns({ pid: 0 })).rejects.toMatchObject({ code: 'ERR_NETLOOM_ARGUMENT', field: 'pid' });
});

/** `net`, `socket`, … of a descriptor of this process. */
function kindOfDescriptor(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).split(':')[0] ?? '';
  } catch {
    return '';
  }
}

test('an idle handle holds two descriptors and no thread; a thousand rounds leave none', async () => {
  // Namespaces, and netlink sockets: the test runner has sockets too, but opens none meanwhile.
  const kinds = () => readdirSync('/proc/self/fd').map(kindOfDescriptor);
  const count = () => kinds().filter((kind) => kind === 'net' || kind === 'socket').length;
  // Request threads belong to the process, at most four, and are started when they are first needed.
  const threads = () => readdirSync('/proc/self/task').length - native.requestThreads();
  const rounds = process.env['NETLOOM_LONG'] === '1' ? 10_000 : 200;
  await (await createNetns()).remove();
  const before = count();
  const handles = await Promise.all(Array.from({ length: 10 }, () => createNetns()));
  await Promise.all(handles.map((netns) => netns.links.list()));
  expect(count() - before).toBe(20);
  for (const netns of handles) netns.close();
  expect(count()).toBe(before);
  const steady = threads();
  for (let i = 0; i < rounds; i++) {
    const netns = await openNetns();
    await netns.links.get('lo');
    netns.close();
  }
  expect(count()).toBe(before);
  expect(threads()).toBe(steady);
  expect(native.requestThreads()).toBeLessThanOrEqual(4);
});
