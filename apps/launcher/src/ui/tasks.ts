import { Listr, ListrLogger, type ListrTask, PRESET_TIMER, ProcessOutput } from 'listr2';

/** What a list shows of a step that failed: one line. The whole error is its cause. */
export class StepError extends Error {
  override readonly name = 'StepError';
  constructor(cause: unknown) {
    const { summary, message } = cause as { summary?: string; message?: string };
    super(summary ?? message ?? String(cause), { cause });
  }
}

/** A step that fails with one line. */
export function short<Context extends object>(step: ListrTask<Context>): ListrTask<Context> {
  return {
    ...step,
    task: async (context, task) => {
      try {
        return await step.task(context, task);
      } catch (error) {
        throw error instanceof StepError ? error : new StepError(error);
      }
    },
  };
}

/** Steps with progress on stderr: a live list on a terminal, plain lines elsewhere. */
export function taskList<Context extends object>(tasks: ListrTask<Context>[], quiet: boolean) {
  const output = new ProcessOutput(process.stderr, process.stderr);
  const logger = new ListrLogger({ processOutput: output });
  const live = process.stderr.isTTY && process.env['CI'] === undefined;
  return new Listr<Context, 'default' | 'simple' | 'silent'>(tasks.map(short), {
    renderer: quiet ? 'silent' : live ? 'default' : 'simple',
    // Ctrl-C is the command's: it takes down what stands.
    registerSignalListeners: false,
    rendererOptions: { logger, collapseErrors: false, timer: { ...PRESET_TIMER, field: seconds } },
  });
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
