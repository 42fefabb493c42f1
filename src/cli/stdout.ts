import { fstatSync, readSync, writeSync } from 'node:fs';
import { exitStatus } from '../command/exit-status.js';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file gets too large',
  EBADF: 'standard output is not open for writing',
};
/** st_rdev of /dev/null on Linux. */
const DEV_NULL = 0x103;

let hasWritten = false;

/** Makes failures of standard output end the program in a sentence, and those of standard error stay without effect. */
export function watchOutput(): void {
  process.stdout.on('error', giveUp);
  process.stderr.on('error', () => {});
}

/** Writes to standard output. */
export function writeOut(text: string): void {
  if (!hasWritten && isClosedOutput()) {
    process.stderr.write('irqlab: standard output is closed: nothing of it will be seen\n');
  }
  hasWritten = true;
  try {
    process.stdout.write(text);
  } catch (error) {
    giveUp(error as NodeJS.ErrnoException);
  }
}

function giveUp({ code = '', message }: NodeJS.ErrnoException): never {
  // A reader that has seen enough, as in `irqlab run … | head`, is no failure.
  if (code === 'EPIPE') process.exit();
  process.stderr.write(`irqlab: cannot write: ${reasons[code] ?? message}\n`);
  process.exit(exitStatus.failed);
}

/**
 * True if standard output was closed when the program began. Node puts /dev/null in its place and opens that for
 * reading, too, which a shell's >/dev/null does not. A program that starts this one may do the same as Node to throw
 * the output away, so it is no reason to fail.
 */
function isClosedOutput(): boolean {
  try {
    const stat = fstatSync(1);
    if (process.platform !== 'linux' || !stat.isCharacterDevice() || stat.rdev !== DEV_NULL) return false;
    readSync(1, new Uint8Array(1));
    writeSync(1, '');
    return true;
  } catch {
    // Not open for both.
    return false;
  }
}
