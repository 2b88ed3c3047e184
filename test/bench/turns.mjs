// Runs peers in turns, the same work each, and compares medians: on a shared machine only what ran within
// the same minute can be compared.

/** Milliseconds of `run`, with `before` and `after` outside of the measure. */
async function time({ before, run, after }) {
  await before?.();
  const start = performance.now();
  await run();
  const milliseconds = performance.now() - start;
  await after?.();
  return milliseconds;
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * `peers` is a map of name to work; the first is ours. The order is turned round every second round, and a
 * warm-up round of each is thrown away.
 */
export async function inTurns(title, peers, rounds, goals = {}) {
  const times = new Map(Object.keys(peers).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    const names = Object.keys(peers);
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const milliseconds = await time(peers[name]);
      if (round >= 0) times.get(name).push(milliseconds);
    }
  }
  const [ours] = Object.keys(peers);
  const base = median(times.get(ours));
  console.log(`\n${title} (${rounds} rounds in turns, median [least..most] ms)`);
  for (const [name, values] of times) {
    const spread = `[${Math.min(...values).toFixed(1)}..${Math.max(...values).toFixed(1)}]`;
    const line = `  ${name.padEnd(28)} ${median(values).toFixed(1).padStart(8)} ${spread.padEnd(20)}`;
    if (name === ours) console.log(line);
    else {
      const ratio = base / median(values);
      const goal =
        goals[name] === undefined
          ? ''
          : `  goal ≤ ${goals[name]}: ${ratio <= goals[name] ? 'met' : 'missed'}`;
      console.log(`${line} ours is ${ratio.toFixed(2)}x of it${goal}`);
    }
  }
}
