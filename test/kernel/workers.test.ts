import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { scratchNetns } from '@netloom/testing';
import { expect, test } from 'vitest';
import { DIST } from './child.js';

const code = (name: string) => `
  import { parentPort } from 'node:worker_threads';
  import { openNetns } from '${DIST.core}';
  import { createTap } from '${DIST.vnic}';
  const netns = await openNetns('${name}');
  const tap = await createTap(netns, { queues: 2 });
  parentPort.postMessage('ready');
  for (;;) await netns.links.list();
`;

test('a terminated worker leaves no descriptor and no TAP', async () => {
  await using netns = await scratchNetns();
  const rounds = process.env['NETLOOM_LONG'] === '1' ? 200 : 8;
  const round = async () => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code(netns.name ?? ''))}`), {
      // Not the conditions of the test runner: a worker loads what a user's would.
      execArgv: [],
    });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
    });
    await worker.terminate();
  };
  await round();
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < rounds; i++) await round();
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  expect(await netns.links.list({ kind: 'tun' })).toEqual([]);
});
