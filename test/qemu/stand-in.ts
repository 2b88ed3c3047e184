import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestHost } from './host.js';

const QEMU = 'qemu-system-x86_64';

/**
 * A shell script that is found in PATH in QEMU's place; in it, `$real` is QEMU. Returns the environment to
 * start the demo with. What asks for no guest, such as the probe for KVM, reaches QEMU itself.
 */
export function qemuStandIn(host: TestHost, body: string): NodeJS.ProcessEnv {
  const real = execFileSync('sh', ['-c', `command -v ${QEMU}`], { encoding: 'utf8' }).trim();
  const folder = join(host.folder, 'bin');
  mkdirSync(folder, { recursive: true });
  const script = join(folder, QEMU);
  const probe = 'case "$*" in *guest=*) ;; *) exec "$real" "$@" ;; esac';
  writeFileSync(script, `#!/bin/sh\nreal=${real}\n${probe}\n${body}\n`);
  chmodSync(script, 0o755);
  return { PATH: `${folder}:${process.env['PATH']}` };
}
