import { leftovers, printable, sweep } from '@netloom/core';
import { buildCommand } from '@stricli/core';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import { table } from '../ui/table.js';

interface PruneFlags {
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Removes what dead runs left; what lives, and what nobody can judge, is only listed. */
export const pruneCommand = buildCommand<PruneFlags>({
  docs: {
    brief: 'Remove what dead runs of Netloom left behind',
    fullDescription:
      'Lists processes, links and namespaces that carry a mark of Netloom, and removes those whose owner is proven dead.',
  },
  parameters: {
    flags: {
      dryRun: { kind: 'boolean', brief: 'Only list', default: false, withNegated: false },
      json: { kind: 'boolean', brief: 'One JSON object on stdout', default: false, withNegated: false },
    },
  },
  async func({ dryRun, json }) {
    try {
      const found = await leftovers();
      const removed = dryRun ? [] : await sweep();
      if (json) {
        process.stdout.write(`${JSON.stringify({ version: 1, found, removed })}\n`);
        return;
      }
      if (found.length === 0) process.stderr.write('nothing carries a mark of Netloom\n');
      else {
        const rows = found.map(({ what, netns, owner, state }) => [
          printable(what),
          printable(netns ?? '–'),
          owner,
          state === 'dead' && !dryRun ? 'dead, removed' : state,
        ]);
        process.stdout.write(`${table(['WHAT', 'NAMESPACE', 'OWNER', 'STATE'], rows)}\n`);
        const unknown = found.filter(({ state }) => state === 'unknown').length;
        process.stderr.write(`${removed.length} removed\n`);
        if (unknown > 0) {
          process.stderr.write(
            `${unknown} unknown: no record of their owner can be read here, and its program may be running\n`,
          );
        }
      }
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = exitCodeOf(error) || EXIT.failed;
    }
  },
});
