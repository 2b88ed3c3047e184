import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The suites' owners are recorded in a folder of their own, which goes with them. */
export default function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'nlt-run-'));
  process.env['NETLOOM_RUN_DIR'] = directory;
  return () => rmSync(directory, { recursive: true, force: true });
}
