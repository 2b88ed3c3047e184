import { buildCommand, numberParser } from '@stricli/core';
import { type DemoOptions, runDemo } from '../demo/run.js';

/** Two VMs on one bridge that ping each other and the host; everything is removed at the end. */
export const demoCommand = buildCommand<DemoOptions>({
  docs: {
    brief: 'Two VMs on one bridge ping each other and the host',
    fullDescription:
      'Creates a bridge, two TAPs and two QEMU VMs, lets them ping each other and the host in IPv4 and IPv6, prints a table and removes everything.',
  },
  parameters: {
    flags: {
      kernel: {
        kind: 'parsed',
        parse: String,
        brief: 'Guest kernel instead of the embedded one',
        optional: true,
      },
      initrd: { kind: 'parsed', parse: String, brief: 'Initial RAM disk that belongs to it', optional: true },
      memory: { kind: 'parsed', parse: String, brief: 'Memory of each VM, 256M or 1G', default: '256M' },
      count: { kind: 'parsed', parse: numberParser, brief: 'Pings of each kind, 1 to 1000', default: '3' },
      timeout: {
        kind: 'parsed',
        parse: numberParser,
        brief: 'Seconds that each guest has for its boot',
        default: '180',
      },
      json: { kind: 'boolean', brief: 'One JSON object on stdout', default: false, withNegated: false },
      quiet: { kind: 'boolean', brief: 'No progress', default: false, withNegated: false },
    },
  },
  async func(flags) {
    process.exitCode = await runDemo(flags);
  },
});
