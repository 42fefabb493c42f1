import { fstatSync, readSync, writeSync } from 'node:fs';
import { exitStatus } from '../command/exit-status.js';
import { exitIsIntended } from '../command/untimely-exit.js';
import type { Paint } from '../command/paint.js';
import { painted, wantsColours } from './painted.js';
import { shownOn } from './shown-on.js';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file gets too large',
  EBADF: 'standard output is not open for writing',
};
/** st_rdev of /dev/null on Linux. */
const DEV_NULL = 0x103;

let hasWritten = false;

/** From now on a failure of standard output ends the program with one sentence; one of standard error is ignored. */
export function watchOutput(): void {
  process.stdout.on('error', giveUp);
  process.stderr.on('error', () => {});
}

/** Writes to standard output. @param paint which parts may be coloured. */
export function writeOut(text: string, paint?: Paint): void {
  if (!hasWritten && isClosedOutput()) {
    process.stderr.write('irqlab: standard output is closed: nothing of it will be seen\n');
  }
  hasWritten = true;
  try {
    const { stdout } = process;
    stdout.write(painted(shownOn(stdout, text), paint, wantsColours(stdout, process.env)));
  } catch (error) {
    giveUp(error as NodeJS.ErrnoException);
  }
}

function giveUp({ code = '', message }: NodeJS.ErrnoException): never {
  exitIsIntended();
  // The reader has seen enough, as in `irqlab run … | head`: no failure.
  if (code === 'EPIPE') process.exit();
  process.stderr.write(`irqlab: cannot write: ${reasons[code] ?? message}\n`);
  process.exit(exitStatus.failed);
}

/**
 * True if standard output was closed when the program began. Node then puts /dev/null in its place, open for reading
 * as well, which a shell's >/dev/null is not. This is a guess: a program that starts this one may do the same to throw
 * the output away. So it is worth a warning, not a failure.
 */
function isClosedOutput(): boolean {
  try {
    const stat = fstatSync(1);
    if (process.platform !== 'linux' || !stat.isCharacterDevice() || stat.rdev !== DEV_NULL) return false;
    readSync(1, new Uint8Array(1));
    writeSync(1, '');
    return true;
  } catch {
    // Not open for reading and writing: a redirection, not Node's stand-in.
    return false;
  }
}
