import { constants, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { ArgumentError } from '@netloom/core';
import type { ConsoleCopy } from './console.js';

/** The file or stream that the option `console` names. `finish` flushes a file; a stream is not ended. */
export interface CopyTarget extends ConsoleCopy {
  finish(): Promise<void>;
}

export async function openConsoleCopy(target: string | Writable): Promise<CopyTarget> {
  if (typeof target !== 'string') return copyTo(target, false);
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  try {
    // Not through a symbolic link: in a shared folder another user may have laid it.
    const handle = await open(target, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
    return copyTo(createWriteStream(target, { fd: handle }), true);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new ArgumentError('console', `cannot write '${target}'`, { kernelMessage: words, cause });
  }
}

/** A target that fails or is closed gets no more; the console itself goes on. */
function copyTo(stream: Writable, owned: boolean): CopyTarget {
  const dead = (): boolean => stream.destroyed || stream.writableEnded;
  const onError = (): void => {};
  stream.on('error', onError);
  return {
    write: (chunk) => dead() || stream.write(chunk),
    onDrain(more) {
      const once = (): void => {
        stream.off('drain', once).off('close', once).off('finish', once);
        more();
      };
      stream.on('drain', once).on('close', once).on('finish', once);
      if (dead()) once();
    },
    finish: () =>
      new Promise((resolve) => {
        if (!owned) stream.off('error', onError);
        if (!owned || stream.destroyed) return resolve();
        stream.once('close', () => resolve());
        stream.end();
      }),
  };
}
