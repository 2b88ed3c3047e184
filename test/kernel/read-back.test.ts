import type { Netns } from '@netloom/core';
import { createBridge } from '@netloom/bridge';
import { scratchNetns } from '@netloom/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

let netns: Netns;
beforeEach(async () => {
  netns = await scratchNetns();
});
afterEach(async () => {
  await netns.remove();
});

test('an option that the kernel accepts and ignores is an error, and the link is gone again', async () => {
  // drivers/net/bridge keeps the ageing time in jiffies: one tick of USER_HZ is rounded away or up.
  const created = netns.links.create({ kind: 'bridge', ifname: 'br0', helloTime: 2.005 });
  await expect(created).rejects.toMatchObject({
    code: 'ERR_NETLOOM_IGNORED',
    field: 'helloTime',
    command: expect.stringContaining('hello_time'),
  });
  expect(await netns.links.find('br0')).toBeUndefined();
});

test('a txqlen that the kind resets is noticed on a change too', async () => {
  const link = await netns.links.create({ kind: 'bridge', ifname: 'br0' });
  await expect(link.set({ helloTime: 1.005 })).rejects.toMatchObject({
    code: 'ERR_NETLOOM_IGNORED',
    field: 'helloTime',
  });
});

test('an option that this kernel lacks is refused, and nothing is left', async () => {
  const { bridge, error } = await createBridge(netns, { ifname: 'br0', vlanFiltering: true }).then(
    (made) => ({ bridge: made, error: undefined }),
    (refused: { code: string; field: string }) => ({ bridge: undefined, error: refused }),
  );
  if (error === undefined) {
    // A kernel with VLAN filtering: then it stands.
    expect(await bridge?.get()).toMatchObject({ data: { vlanFiltering: true } });
  } else {
    expect(['EOPNOTSUPP', 'ERR_NETLOOM_IGNORED']).toContain(error.code);
    expect(error.field).toBe('vlanFiltering');
    expect(await netns.links.find('br0')).toBeUndefined();
  }
});
