import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cached, cacheFolder } from '../src/guest/cache.js';

describe('the cache', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'netloom-cache-'));
  });
  afterEach(async () => rm(root, { recursive: true }));

  it('is where the environment says', () => {
    expect(cacheFolder({ NETLOOM_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe('/b/netloom');
    expect(cacheFolder({})).toMatch(/\/\.cache\/netloom$/);
  });

  it('makes a thing once', async () => {
    let calls = 0;
    const make = () =>
      cached(join(root, 'thing'), async (folder) => {
        calls += 1;
        await writeFile(join(folder, 'content'), 'whole');
        return folder;
      });
    expect(await make()).toBe(await make());
    expect(calls).toBe(1);
    expect(await readdir(root)).toEqual(['thing']);
  });

  it.each(['file', 'folder'])('survives two makers of one %s at once', async (kind) => {
    const make = (text: string) =>
      cached(join(root, 'thing'), async (folder) => {
        await writeFile(join(folder, 'content'), text.slice(0, 3));
        await sleep(20);
        await writeFile(join(folder, 'content'), text);
        return kind === 'file' ? join(folder, 'content') : folder;
      });
    await Promise.all([make('whole work'), make('whole work')]);
    expect(await readdir(root)).toEqual(['thing']);
    const file = kind === 'file' ? join(root, 'thing') : join(root, 'thing', 'content');
    expect(await readFile(file, 'utf8')).toBe('whole work');
  });

  it('keeps nothing of a maker that failed', async () => {
    const failing = cached(join(root, 'thing'), async (folder) => {
      await writeFile(join(folder, 'content'), 'half');
      throw new Error('no more bytes');
    });
    await expect(failing).rejects.toThrow('no more bytes');
    expect(await readdir(root)).toEqual([]);
  });

  it('sweeps what a killed maker left an hour ago, and not what one is working on', async () => {
    const hourAgo = new Date(Date.now() - 61 * 60 * 1000);
    await mkdir(join(root, '.new-dead'));
    await mkdir(join(root, '.new-alive'));
    await utimes(join(root, '.new-dead'), hourAgo, hourAgo);
    await cached(join(root, 'thing'), async (folder) => folder);
    expect((await readdir(root)).toSorted()).toEqual(['.new-alive', 'thing']);
  });
});
