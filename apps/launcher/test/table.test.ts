import { expect, test } from 'vitest';
import { table } from '../src/ui/table.js';

test('columns are as wide as their widest cell, and no line ends in spaces', () => {
  const text = table(
    ['VM', 'ADDRESS', 'UP'],
    [
      ['alice', '10.0.0.2/24', '3 m'],
      ['', 'fd00::2/64', ''],
    ],
  );
  expect(text).toBe(
    ['  VM     ADDRESS      UP', '  alice  10.0.0.2/24  3 m', '         fd00::2/64'].join('\n'),
  );
});

test('a table without rows is its head', () => {
  expect(table(['A', 'B'], [])).toBe('  A  B');
});
