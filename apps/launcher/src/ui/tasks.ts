import { Listr, ListrLogger, type ListrTask, PRESET_TIMER, ProcessOutput } from 'listr2';

/** Steps with progress on stderr: a live list on a terminal, plain lines elsewhere. */
export function taskList<Context extends object>(tasks: ListrTask<Context>[], quiet: boolean) {
  const output = new ProcessOutput(process.stderr, process.stderr);
  const logger = new ListrLogger({ processOutput: output });
  const live = process.stderr.isTTY && process.env['CI'] === undefined;
  return new Listr<Context, 'default' | 'simple' | 'silent'>(tasks, {
    renderer: quiet ? 'silent' : live ? 'default' : 'simple',
    // Ctrl-C is the command's: it takes down what stands.
    registerSignalListeners: false,
    rendererOptions: { logger, collapseErrors: false, timer: { ...PRESET_TIMER, field: seconds } },
  });
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
