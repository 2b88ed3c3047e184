import { execFileSync } from 'node:child_process';

/** What a command prints as JSON: `commandJson('bridge', '-n', name, '-j', 'link')`. Throws when it fails. */
export function commandJson(program: string, ...args: readonly string[]): unknown {
  const text = execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return text.trim() === '' ? [] : JSON.parse(text);
}

/** `ip -n NETNS -d -j …` as objects. */
export function ipJson(netns: string | undefined, ...args: readonly string[]): Record<string, unknown>[] {
  const where = netns === undefined ? [] : ['-n', netns];
  return commandJson('ip', ...where, '-d', '-j', ...args) as Record<string, unknown>[];
}
