import { ErrnoError } from '../../lib/errno.js';
import type { HungTaskDetector } from '../../machine/hung-task.js';
import { type FileNode, procFile } from '../tree-node.js';

/** LONG_MAX / HZ, the most seconds that the detector can be told. */
const MOST_SECS = 2 ** 63 / 250;
const INT_MAX = 0x7fffffff;

/**
 * The number that is written to a file of /proc/sys: decimal, hexadecimal or octal by its prefix, with blanks around it
 * (kernel/sysctl.c proc_get_long). @throws ErrnoError EINVAL
 */
function sysctlNumber(text: string): number {
  const found = /^[ \t\n]*(-?)(0x[0-9a-f]+|\d+)(?=[ \t\n\0]|$)/i.exec(text);
  if (found === null) throw new ErrnoError('EINVAL', `${JSON.stringify(text)} is no number`);
  const [, sign, digits] = found;
  if (/^0\d*[89]/.test(digits)) throw new ErrnoError('EINVAL', `${digits} is no octal number`);
  const value = Number(/^0\d+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -value : value;
}

/** Seconds in an unsigned long, up to MOST_SECS; a negative number changes nothing (proc_doulongvec_minmax). */
function secs(get: () => number, set: (value: number) => void): FileNode {
  return procFile(0o644, {
    read: () => `${get()}\n`,
    write: (text) => {
      const value = sysctlNumber(text);
      if (value > MOST_SECS) throw new ErrnoError('EINVAL', `${value} s is more than a timer can wait`);
      if (value >= 0 && !Object.is(value, -0)) set(value);
      return text.length;
    },
  });
}

/** Files of /proc/sys/kernel: what khungtaskd can be told while it runs (kernel/hung_task.c hung_task_sysctls). */
export function hungTaskFiles(detector: HungTaskDetector): Record<string, FileNode> {
  return {
    hung_task_timeout_secs: secs(
      () => detector.timeoutSecs,
      (value) => {
        detector.timeoutSecs = value;
      },
    ),
    hung_task_check_interval_secs: secs(
      () => detector.checkIntervalSecs,
      (value) => {
        detector.checkIntervalSecs = value;
      },
    ),
    hung_task_warnings: procFile(0o644, {
      read: () => `${detector.warnings}\n`,
      write: (text) => {
        const value = sysctlNumber(text);
        if (value < -1 || value > INT_MAX)
          throw new ErrnoError('EINVAL', `${value} is no number of warnings; -1 is without a limit`);
        detector.warnings = value;
        return text.length;
      },
    }),
  };
}
