import { spawn } from 'node:child_process';

export interface RunResult {
  /** 127 if there is no such program, as a shell says it. */
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a program without a shell and without input; only an abort of `signal` rejects. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<RunResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    signal: options.signal,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve({ exitCode: 127, stdout: '', stderr: `${command}: not found` });
      else reject(error);
    });
    child.once('close', (code) => resolve({ exitCode: code ?? 1, ...output }));
  });
}
