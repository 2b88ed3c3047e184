import { expect, test } from 'vitest';
import { NetloomError } from '../src/errors.js';
import { printable } from '../src/printable.js';

test('what a terminal would obey is shown instead', () => {
  expect(printable('\u001b[31mred\u001b[2J')).toBe(String.raw`\x1b[31mred\x1b[2J`);
  expect(printable('\u009b5m\u007f\u0000\r')).toBe(String.raw`\x9b5m\x7f\x00\x0d`);
  expect(printable('two\nlines\tand ünïcode 🧵')).toBe('two\nlines\tand ünïcode 🧵');
});

test('an error that quotes other people’s text is printable', () => {
  const error = new NetloomError('EINVAL', 'cannot open \u001b]0;title\u0007', {
    kernelMessage: '\u001b[2J',
  });
  expect(error.message).not.toMatch(/\p{Cc}(?<!\n)/u);
  expect(error.message).toContain(String.raw`\x1b[2J`);
});
