import { readSync, writeSync } from 'node:fs';
import type { Descriptor } from '@netloom/native';
import { ArgumentError } from './errors.js';
import type { Opener } from './opener.js';
import { translated } from './refusal.js';

/**
 * Settings below /proc/sys/net of one namespace. Names are paths without `net`: `ipv4.ip_forward`,
 * `ipv6.conf.eth0.accept_dad`; where a link's name holds a dot, write the path with slashes.
 */
export class Sysctls {
  readonly #opener: Opener;
  readonly #before = new Map<string, string>();

  constructor(opener: Opener) {
    this.#opener = opener;
  }

  /** The value as text, without the line's end. ENOENT when this kernel or namespace has no such setting. */
  get(name: string): Promise<string> {
    return Promise.resolve().then(() => this.getSync(name));
  }

  /** Sets a value; what it was before is restored by `restore`. The kernel may round it: `get` tells. */
  set(name: string, value: string | number): Promise<void> {
    return Promise.resolve().then(() => this.setSync(name, value));
  }

  /** The same as `get` as a plain call. */
  getSync(name: string): string {
    return this.#with(name, false, (fd) => readText(fd));
  }

  /** The same as `set` as a plain call. */
  setSync(name: string, value: string | number): void {
    const before = this.getSync(name);
    this.#write(name, String(value));
    if (!this.#before.has(name)) this.#before.set(name, before);
  }

  /** Puts back what this handle changed; settings that have gone since are left out. */
  restore(): void {
    for (const [name, value] of [...this.#before].toReversed()) {
      try {
        this.#write(name, value);
      } catch (error) {
        if ((error as { code?: string }).code !== 'ENOENT') throw error;
      }
      this.#before.delete(name);
    }
  }

  /** Lets what was set stand. */
  keep(): void {
    this.#before.clear();
  }

  #write(name: string, value: string): void {
    this.#with(name, true, (fd) => writeSync(fd, `${value}\n`));
  }

  #with<T>(name: string, write: boolean, use: (fd: number) => T): T {
    const what = `${write ? 'set' : 'read'} sysctl net.${name}`;
    const descriptor: Descriptor = translated(() => this.#opener.openSysctl(pathOf(name), write), what, {
      field: 'name',
    });
    try {
      return translated(() => use(descriptor.fd), what, { field: 'value' });
    } finally {
      descriptor.close();
    }
  }
}

function pathOf(name: string): string {
  const path = name.includes('/') ? name : name.replaceAll('.', '/');
  if (!/^[\w.:@%-]+(\/[\w.:@%-]+)+$/.test(path) || path.split('/').includes('..')) {
    throw new ArgumentError('name', `'${name}' is not a setting such as ipv4.ip_forward`);
  }
  return `net/${path}`;
}

function readText(fd: number): string {
  const buffer = Buffer.alloc(4096);
  let text = '';
  for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
    text += buffer.toString('utf8', 0, read);
  }
  return text.trimEnd();
}
