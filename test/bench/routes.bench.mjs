// 10,000 routes added and listed through the public API, beside `ip -batch` and `ip -j` with JSON.parse.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createNetns } from '@netloom/core';
import { inTurns } from './turns.mjs';

const smoke = process.argv.includes('--smoke');
const COUNT = smoke ? 1000 : 10_000;
const ROUNDS = smoke ? 2 : 9;
const dst = (i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`;

const netns = await createNetns(`nlb-${randomBytes(4).toString('hex')}`);
const ip = (args, options = {}) =>
  execFileSync('ip', ['-n', netns.name, ...args], { maxBuffer: 1 << 28, ...options });
try {
  await netns.links.create({ kind: 'bridge', ifname: 'br0', up: true });
  await netns.addresses.add({ link: 'br0', address: '192.0.2.1/24' });
  const flush = () => {
    ip(['route', 'flush', 'table', '100']);
  };
  const check = async () => {
    const { length } = JSON.parse(ip(['-j', 'route', 'show', 'table', '100']));
    if (length !== COUNT) throw new Error(`${length} routes instead of ${COUNT}`);
    flush();
  };
  const lines = Array.from({ length: COUNT }, (_, i) => `route add ${dst(i)} via 192.0.2.254 table 100`).join(
    '\n',
  );

  await inTurns(
    `${COUNT} route adds`,
    {
      'netloom, promises': {
        run: () =>
          Promise.all(
            Array.from({ length: COUNT }, (_, i) =>
              netns.routes.add({ dst: dst(i), gateway: '192.0.2.254', table: 100 }),
            ),
          ),
        after: check,
      },
      'netloom, sync': {
        run: () => {
          for (let i = 0; i < COUNT; i++)
            netns.sync.routes.add({ dst: dst(i), gateway: '192.0.2.254', table: 100 });
        },
        after: check,
      },
      'ip -batch': { run: () => ip(['-batch', '-'], { input: lines }), after: check },
    },
    ROUNDS,
    { 'ip -batch': 0.6 },
  );

  ip(['-batch', '-'], { input: lines });
  await inTurns(
    `list of ${COUNT} routes`,
    {
      'netloom, promises': { run: () => netns.routes.list({ family: 4, table: 100 }) },
      'netloom, sync': { run: () => netns.sync.routes.list({ family: 4, table: 100 }) },
      'ip -j and JSON.parse': { run: () => JSON.parse(ip(['-j', 'route', 'show', 'table', '100'])) },
    },
    ROUNDS,
    { 'ip -j and JSON.parse': 0.5 },
  );
} finally {
  await netns.remove();
}
