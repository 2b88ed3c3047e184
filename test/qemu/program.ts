import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How a program ended, and all that it wrote. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Seconds that a whole demo may take on a host under load. */
const ENOUGH = 150;

/** A program that a test started: it leads a process group, as a command in a terminal does. */
export class Program implements AsyncDisposable {
  readonly pid: number;
  /** Resolves when the program is gone and its output is read. */
  readonly ended: Promise<Ending>;
  /** What it wrote to stderr so far, line by line. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #ending: Ending | undefined;
  #stdout = '';

  constructor([command = '', ...args]: readonly string[], env: NodeJS.ProcessEnv) {
    const child = spawn(command, args, { detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const { pid, stdout, stderr } = child;
    child.on('error', () => {});
    if (pid === undefined) throw new Error(`cannot start ${command}`);
    this.#child = child;
    this.pid = pid;
    stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#wake();
    });
    createInterface({ input: stderr }).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#ending = { code, signal, stdout: this.#stdout, stderr: `${this.lines.join('\n')}\n` };
        resolve(this.#ending);
        this.#wake();
      });
    });
  }

  /** What it wrote to stdout so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Waits for a line on stderr; fails when the program ends without one. */
  line(pattern: RegExp): Promise<string> {
    return this.#until(String(pattern), () => this.lines.find((line) => pattern.test(line)));
  }

  /** Waits until that many lines stand on stderr. */
  lineCount(count: number): Promise<true> {
    return this.#until(`${count} lines`, () => (this.lines.length >= count ? true : undefined));
  }

  /** Waits until something stands on stdout. */
  answer(): Promise<true> {
    return this.#until('an answer', () => (this.#stdout === '' ? undefined : true));
  }

  /** Waits for the end; a program that hangs is killed, and the error has what it wrote. */
  async end(seconds = ENOUGH): Promise<Ending> {
    const timer = setTimeout(() => this.signal('SIGKILL'), seconds * 1000);
    const ending = await this.ended;
    clearTimeout(timer);
    if (ending.signal === 'SIGKILL') throw new Error(`still there after ${seconds} s:\n${ending.stderr}`);
    return ending;
  }

  /** Closes both ends that it writes to, as `| head` does. */
  stopReading(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** To the whole group, as a terminal's Ctrl-C goes. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  #until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const watcher = () => {
        const found = look();
        if (found === undefined && this.#ending === undefined) return;
        this.#watchers.delete(watcher);
        if (found !== undefined) resolve(found);
        else reject(new Error(`it ended without ${what}:\n${this.#ending?.stderr}`));
      };
      this.#watchers.add(watcher);
      watcher();
    });
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
