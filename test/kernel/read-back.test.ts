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

// With spanning tree on, net/bridge clamps the forward delay to 30 s (br_stp_enable_bridge) and says nothing.
const CLAMPED = { stpState: 1, forwardDelay: 500 };

test('an option that the kernel accepts and ignores is an error, and the link is gone again', async () => {
  const created = netns.links.create({ kind: 'bridge', ifname: 'br0', ...CLAMPED });
  await expect(created).rejects.toMatchObject({
    code: 'ERR_NETLOOM_IGNORED',
    field: 'forwardDelay',
    command: expect.stringContaining('forward_delay 50000'),
  });
  expect(await netns.links.find('br0')).toBeUndefined();
});

test('the same is noticed on a change', async () => {
  const link = await netns.links.create({ kind: 'bridge', ifname: 'br0' });
  await expect(link.set(CLAMPED)).rejects.toMatchObject({
    code: 'ERR_NETLOOM_IGNORED',
    field: 'forwardDelay',
  });
});

test('what the kernel writes in another way stands: case, short forms, whole ticks', async () => {
  await netns.links.create({
    kind: 'bridge',
    ifname: 'br0',
    ageingTime: 12.345,
    address: '02:AA:00:00:00:01',
  });
  await netns.links.create({ kind: 'vxlan', ifname: 'vx0', id: 7, local6: '2001:DB8:0::1', port: 4789 });
  expect(await netns.links.get('vx0')).toMatchObject({ data: { local6: '2001:db8::1' } });
  const alias = 'x'.repeat(255);
  await netns.links.set('br0', { ifalias: alias });
  expect((await netns.links.get('br0')).ifalias).toBe(alias);
  await netns.links.set('br0', { ifalias: '' });
  expect((await netns.links.get('br0')).ifalias).toBeUndefined();
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
