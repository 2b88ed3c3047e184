import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/**
 * Inference from tables must stay cheap, or editors become slow. Counted by the compiler, so it is the same on
 * every machine; half as much again as when it was set. Raise it with a reason.
 */
const BUDGET = { Instantiations: 124_000, Types: 26_500 };

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const project = fileURLToPath(new URL('../../../test/types', import.meta.url));

test('the types of the public API stay within their budget of instantiations', () => {
  const report = execFileSync(process.execPath, [tsc, '-p', project, '--extendedDiagnostics'], {
    encoding: 'utf8',
  });
  for (const [what, limit] of Object.entries(BUDGET)) {
    const count = Number(new RegExp(`^${what}:\\s+(\\d+)$`, 'm').exec(report)?.[1]);
    expect(count, what).toBeGreaterThan(1000);
    expect(count, what).toBeLessThan(limit);
  }
});
