import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NodeChild, ROOT } from './child.js';

// An ordinary user may not be able to read the checkout: the built packages go where everybody can.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nlt-user-'));
  for (const name of ['core', 'bridge', 'vnic', 'veth', 'qemu']) {
    const to = join(folder, 'node_modules/@netloom', name);
    cpSync(join(ROOT, 'packages', name), to, {
      recursive: true,
      filter: (path) => !/\/(src|test)(\/|$)/.test(path),
    });
  }
  cpSync(join(ROOT, 'native'), join(folder, 'node_modules/@netloom/native'), {
    recursive: true,
    filter: (path) => !/\/(build|src|test|npm)(\/|$)/.test(path),
  });
  execFileSync('chmod', ['-R', 'a+rX', folder]);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

/** Runs as nobody; what it prints last is JSON. */
async function asNobody(body: string, through: readonly string[] = NOBODY): Promise<Record<string, unknown>> {
  const url = pathToFileURL(join(folder, 'main.mjs')).href;
  const child = new NodeChild(
    `
    import { createRequire } from 'node:module';
    const require = createRequire('${url}');
    const { createNetns, openNetns, NetloomError } = require('@netloom/core');
    const { createBridge } = require('@netloom/bridge');
    const { createTap } = require('@netloom/vnic');
    const caught = async (call) => {
      try { await call(); return { code: 'none' }; }
      catch (e) { return { code: e.code, field: e.field, hint: e.hint, ours: e instanceof NetloomError }; }
    };
    ${body}
  `,
    { through, env: { HOME: folder, XDG_RUNTIME_DIR: '', NETLOOM_RUN_DIR: join(folder, 'run') } },
  );
  const ended = await child.ended;
  expect(ended.stderr.replaceAll(/.*ExperimentalWarning.*\n.*\n?/g, '')).toBe('');
  return JSON.parse(ended.stdout) as Record<string, unknown>;
}

test('reading needs no right; changing says which one is missing, and changes nothing', async () => {
  execFileSync('mkdir', ['-p', join(folder, 'run')]);
  execFileSync('chown', ['65534', join(folder, 'run')]);
  const seen = await asNobody(`
    const host = await openNetns();
    const before = (await host.links.list()).length;
    const answers = {
      lo: (await host.links.get('lo')).ifindex,
      bridge: await caught(() => createBridge(host, { ifname: 'nltb0' })),
      tap: await caught(() => createTap(host, { ifname: 'nltt0' })),
      netns: await caught(() => createNetns()),
      address: await caught(() => host.addresses.add({ link: 'lo', address: '127.0.0.9/32' })),
      sysctl: await caught(() => host.sysctls.set('ipv4.ip_forward', 1)),
      same: (await host.links.list()).length === before,
    };
    host.close();
    console.log(JSON.stringify(answers));
  `);
  const refused = { code: 'EPERM', ours: true, hint: expect.stringMatching(/CAP_(NET|SYS)_ADMIN/) };
  expect(seen).toMatchObject({
    lo: 1,
    same: true,
    bridge: refused,
    netns: refused,
    address: refused,
    sysctl: { code: 'EACCES', ours: true },
    tap: { ours: true },
  });
  expect(['EPERM', 'EACCES']).toContain((seen['tap'] as { code: string }).code);
});

test('inside a user namespace an ordinary user creates what root creates', async () => {
  const seen = await asNobody(
    `
    const host = await openNetns();
    const bridge = await createBridge(host, { ifname: 'br0', up: true, addresses: ['192.0.2.1/24'] });
    const answers = { kind: (await bridge.get()).kind };
    await bridge.remove();
    const other = await createNetns();
    answers.links = (await other.links.list()).length;
    other.close();
    host.close();
    console.log(JSON.stringify(answers));
  `,
    [...NOBODY, 'unshare', '--user', '--map-root-user', '--net'],
  );
  expect(seen).toEqual({ kind: 'bridge', links: 1 });
});

test('without /dev/net/tun a TAP says what to do', async () => {
  const seen = await asNobody(
    `
    const host = await openNetns();
    const answers = { tap: await caught(() => createTap(host, { ifname: 'tap0' })), links: (await host.links.list()).length };
    host.close();
    console.log(JSON.stringify(answers));
  `,
    ['unshare', '--net', '--mount', 'sh', '-c', 'mount -t tmpfs none /dev/net && exec "$@"', 'sh'],
  );
  expect(seen).toMatchObject({
    tap: { code: 'ENOENT', field: '/dev/net/tun', ours: true, hint: expect.stringContaining('modprobe tun') },
    links: 1,
  });
});
