import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { embeddedGuest } from './guest.js';
import { expectUntouched, TestHost } from './host.js';
import { LONG, type Moment, moments, SEED } from './moments.js';

// The story of a run has some 25 lines: steps, then VMs that boot, then pings.
const SPANS: [number, number][] = LONG
  ? Array.from({ length: 40 }, (_, i) => [1 + (i % 23), 1 + (i % 23)])
  : [
      [1, 6],
      [7, 12],
      [13, 16],
      [18, 22],
    ];

beforeAll(async () => {
  console.info(`moments of seed ${SEED}: NETLOOM_SEED=${SEED} brings them back`);
  await embeddedGuest();
}, 300_000);

describe('an interrupted demo takes everything down', () => {
  const cases = moments(SPANS).map(
    (moment, i) => ({ ...moment, signal: i % 4 === 3 ? 'SIGTERM' : 'SIGINT' }) as const,
  );
  test.each<Moment & { signal: 'SIGINT' | 'SIGTERM' }>(cases)(
    '$signal $milliseconds ms after line $line',
    async ({ line, milliseconds, signal }) => {
      await using host = await TestHost.create();
      await using demo = host.netloom(['demo']);
      await demo.lineCount(line);
      // Not a wait for anything: the moment is what is tested.
      await delay(milliseconds);
      demo.signal(signal);
      const { code, stderr } = await demo.end();
      expect([code, stderr]).toEqual([130, expect.stringMatching(/interrupted/)]);
      expect(stderr).not.toMatch(/left behind/);
      expectUntouched(host);
    },
  );

  test('right after its start, when it may not listen yet', async () => {
    await using host = await TestHost.create();
    await using demo = host.netloom(['demo']);
    demo.signal('SIGINT');
    const { code, signal } = await demo.end();
    // A shell calls the end by the signal 130, too.
    expect(signal ?? code).toBe(signal === null ? 130 : 'SIGINT');
    expectUntouched(host);
  });

  test('also when Ctrl-C is pressed again and again', async () => {
    await using host = await TestHost.create();
    await using demo = host.netloom(['demo']);
    await demo.line(/waiting for its console/);
    demo.signal('SIGINT');
    await demo.line(/interrupted/);
    for (let i = 0; i < 5; i++) {
      demo.signal('SIGINT');
      await delay(20);
    }
    const { code, signal } = await demo.end();
    // The last one may meet a demo that has taken everything down and listens no more.
    expect(signal ?? code).toBe(signal === null ? 130 : 'SIGINT');
    expectUntouched(host);
  });

  test('and one interrupted while it takes down goes on with that', async () => {
    await using host = await TestHost.create();
    await using demo = host.netloom(['demo', '--count', '1']);
    await demo.answer();
    demo.signal('SIGINT');
    const { code } = await demo.end();
    // Its answer was given: it may count as done.
    expect([0, 130]).toContain(code);
    expectUntouched(host);
  });
});

test('when nobody reads any more, the demo takes everything down', async () => {
  await using host = await TestHost.create();
  for (const moment of [/bridge nlbr\d+ with/, /waiting for its console/]) {
    await using demo = host.netloom(['demo']);
    await demo.line(moment);
    demo.stopReading();
    const { code } = await demo.end();
    expect(code).toBe(130);
    expectUntouched(host);
  }
});
