import { ErrnoError } from '../../lib/errno.js';
import { kstrtoul } from '../../lib/kstrtox.js';
import type { TraceArray } from '../../trace/trace-array.js';
import type { FileNode } from '../tree-node.js';
import { traceFile } from './files.js';

/** The first pid that is too large for a list (kernel/trace/pid_list.h MAX_PID). */
const MAX_PID = 2n ** 30n;
/** Characters of a number at most (PID_BUF_SIZE). */
const MOST_CHARACTERS = 127;

/**
 * `set_event_pid` and `set_event_notrace_pid`: tasks by their pids, to which a write adds; opening the file with O_TRUNC
 * empties the list (kernel/trace/trace_pid.c trace_pid_write).
 */
export function pidFile(array: TraceArray, list: 'pids' | 'noPids'): FileNode {
  return traceFile(
    0o640,
    {
      read: () =>
        [...(array[list] ?? [])]
          .sort((a, b) => a - b)
          .map((pid) => `${pid}\n`)
          .join(''),
      write: (data) => {
        if (data === '') return 0;
        array.expand();
        const pids = new Set(array[list]);
        for (const word of data.split(/[\0\t-\r \u00a0]+/)) if (word !== '') pids.add(pidOf(word));
        array[list] = pids.size > 0 ? pids : undefined;
        return data.length;
      },
    },
    () => {
      array[list] = undefined;
    },
  );
}

function pidOf(word: string): number {
  if (word.length > MOST_CHARACTERS) throw new ErrnoError('EINVAL', 'a number that long is no pid');
  let number: bigint;
  try {
    number = kstrtoul(word);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    throw new ErrnoError('EINVAL', `${JSON.stringify(word)} is no pid`);
  }
  const pid = BigInt.asUintN(32, number);
  if (pid >= MAX_PID) throw new ErrnoError('EPERM', `there is no pid ${pid}; they go up to ${MAX_PID - 1n}`);
  return Number(pid);
}
