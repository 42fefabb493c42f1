import { ErrnoError } from '../../lib/errno.js';
import type { HungTaskDetector } from '../../machine/hung-task.js';
import { type FileNode, procFile } from '../tree-node.js';
import { sysctlInt, sysctlNumber } from './sysctl.js';

/** LONG_MAX / HZ, the most seconds that the detector can be told. */
const MOST_SECS = 2 ** 63 / 250;
const INT_MAX = 0x7fffffff;

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
    hung_task_warnings: sysctlInt(
      () => detector.warnings,
      (value) => {
        detector.warnings = value;
      },
      [-1, INT_MAX],
    ),
  };
}
