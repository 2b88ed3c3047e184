import { accessSync, constants } from 'node:fs';
import { ArgumentError, type Netns, openNetns, printable } from '@netloom/core';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import { StepError, taskList } from '../ui/tasks.js';
import { DemoLab } from './lab.js';
import type { PingResult } from './pings.js';
import { report } from './report.js';
import { type DemoContext, steps } from './steps.js';

/** What `netloom demo` was told. */
export interface DemoOptions {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly memory: string;
  readonly count: number;
  /** Seconds that a guest has for its boot. */
  readonly timeout: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Runs the demo and returns the exit code. Interrupted at any moment, it takes down what stands. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const abort = new AbortController();
  const interrupt = () => {
    if (abort.signal.aborted) return;
    abort.abort(new Error('interrupted'));
    process.stderr.write('\ninterrupted: taking everything down\n');
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  // Nobody reads any more (`| head`, a closed terminal): that is an interruption too.
  const streams = [process.stdout, process.stderr];
  for (const stream of streams) stream.on('error', interrupt);
  try {
    checkOptions(options);
    await using host = await openNetns();
    const lab = new DemoLab(host);
    const code = await perform(lab, host, options, abort.signal).catch((error: unknown) =>
      explain(error, abort.signal),
    );
    const left = await takeDown(lab, options);
    if (left > 0) return EXIT.leftBehind;
    return abort.signal.aborted ? EXIT.interrupted : code;
  } catch (error) {
    return explain(error, abort.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    // Errors of a broken stream may still come: they stay heard, and mean nothing any more.
  }
}

async function perform(
  lab: DemoLab,
  host: Netns,
  options: DemoOptions,
  signal: AbortSignal,
): Promise<number> {
  const started = performance.now();
  const results: PingResult[] = [];
  await taskList<DemoContext>(
    steps(lab, host, options, results, signal),
    options.quiet || options.json,
  ).run();
  await report(lab, results, options, (performance.now() - started) / 1000);
  return results.every(({ sent, received }) => received === sent) ? EXIT.done : EXIT.failed;
}

function explain(failure: unknown, signal: AbortSignal): number {
  if (signal.aborted) return EXIT.interrupted;
  const error = failure instanceof StepError ? failure.cause : failure;
  process.stderr.write(`\n${printable(error instanceof Error ? error.message : String(error))}\n`);
  return exitCodeOf(error);
}

function checkOptions({ kernel, initrd, count, timeout, memory }: DemoOptions): void {
  if ((kernel === undefined) !== (initrd === undefined)) {
    throw new ArgumentError(kernel === undefined ? 'kernel' : 'initrd', '--kernel and --initrd go together');
  }
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw new ArgumentError('count', `${count} is not an integer from 1 to 1000`);
  }
  if (!(timeout > 0 && timeout <= 86_400)) {
    throw new ArgumentError('timeout', `${timeout} is not a number of seconds up to 86400`);
  }
  if (!/^[1-9][0-9]*[MG]$/.test(memory)) {
    throw new ArgumentError('memory', `'${memory}' is not a size`, {
      hint: 'a number with M or G: 256M, 1G',
    });
  }
  for (const [field, path] of Object.entries({ kernel, initrd })) {
    try {
      if (path !== undefined) accessSync(path, constants.R_OK);
    } catch (cause) {
      throw new ArgumentError(field, `cannot read '${path}'`, { cause });
    }
  }
}

/** Removes everything and says so; returns how much could not be removed. */
async function takeDown(lab: DemoLab, options: DemoOptions): Promise<number> {
  const left = await lab.remove();
  if (left.length === 0 && !options.quiet && !options.json) process.stderr.write('✔ everything is removed\n');
  for (const { what, error } of left) {
    process.stderr.write(`left behind: ${what}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
  if (left.length > 0) process.stderr.write('try: npx --no-install netloom prune\n');
  return left.length;
}
