import { scratchNetns } from '@netloom/testing';
import { expect, test } from 'vitest';

test('while links are removed, the event loop goes on', async () => {
  await using netns = await scratchNetns();
  const bridges = await Promise.all(
    Array.from({ length: 40 }, (_, i) => netns.links.create({ kind: 'bridge', ifname: `br${i}` })),
  );
  let turns = 0;
  let going = true;
  const turn = () => {
    turns += 1;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  await Promise.all(bridges.map((bridge) => bridge.remove()));
  going = false;
  // One removal takes the kernel some 16 ms; had they been waited for here, the loop would have had no turn.
  expect(turns).toBeGreaterThan(bridges.length);
  expect(await netns.links.list({ kind: 'bridge' })).toEqual([]);
});

test('a long list is decoded in slices', async () => {
  await using netns = await scratchNetns();
  await netns.links.create({ kind: 'bridge', ifname: 'br0', up: true });
  await netns.addresses.add({ link: 'br0', address: '192.0.2.1/24' });
  await Promise.all(
    Array.from({ length: 3000 }, (_, i) =>
      netns.routes.add({ dst: `10.0.${i >> 8}.${i & 255}/32`, gateway: '192.0.2.2' }),
    ),
  );
  let turns = 0;
  let going = true;
  const turn = () => {
    turns += 1;
    if (going) setImmediate(turn);
  };
  const listed = netns.routes.list({ family: 4 });
  setImmediate(turn);
  expect((await listed).length).toBe(3001);
  going = false;
  expect(turns).toBeGreaterThanOrEqual(5);
});
