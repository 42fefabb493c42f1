import { writevSync } from 'node:fs';

/** Answers the kernel: in one write, but without a copy of what may be the text of a large file. */
export function sendTo(fd: number, ...parts: readonly Uint8Array[]): void {
  try {
    writevSync(fd, parts);
  } catch (error) {
    // ENOENT: the request was interrupted, nobody waits for the answer; ENODEV: unmounted in the meantime.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENODEV') throw error;
  }
}
