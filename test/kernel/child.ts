import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The built packages: children run them as a user's program would. */
export const DIST = {
  core: new URL('../../packages/core/dist/index.js', import.meta.url).href,
  bridge: new URL('../../packages/bridge/dist/index.js', import.meta.url).href,
  veth: new URL('../../packages/veth/dist/index.js', import.meta.url).href,
  vnic: new URL('../../packages/vnic/dist/index.js', import.meta.url).href,
};
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a child printed and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Node child that runs the text of a module. `lines` resolves when a line of stdout matches. */
export class NodeChild {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';
  readonly #watchers = new Set<() => void>();

  constructor(
    code: string,
    options: {
      env?: NodeJS.ProcessEnv;
      through?: readonly string[];
      flags?: readonly string[];
      args?: readonly string[];
    } = {},
  ) {
    const node = [
      process.execPath,
      ...(options.flags ?? []),
      '--input-type=module',
      '--eval',
      code,
      '--',
      ...(options.args ?? []),
    ];
    const [program = '', ...args] = [...(options.through ?? []), ...node];
    this.process = spawn(program, args, {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
      for (const look of this.#watchers) look();
    });
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    // A test that fails half-way must not leave it running.
    onTestFinished(() => void this.process.kill('SIGKILL'));
    this.ended = new Promise((resolve) => {
      this.process.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
        for (const look of this.#watchers) look();
      });
    });
  }

  /** Resolves when stdout holds the text; rejects when the child ends before. */
  async printed(text: string): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      const look = () => {
        if (this.#stdout.includes(text)) resolve();
      };
      this.#watchers.add(look);
      look();
    });
    const early = this.ended.then((ended) => {
      if (!ended.stdout.includes(text)) throw new Error(`the child ended without '${text}': ${ended.stderr}`);
    });
    await Promise.race([seen, early]);
  }
}
