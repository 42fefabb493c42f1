import type { Ns } from '../../lib/brand.js';
import { parseCpuList } from '../../machine/cpumask-text.js';
import type { DiskIoOptions } from '../port.js';
import type { QueueTarget } from './target.js';
import type { SignalTally } from './workload.js';

/** I/Os of a disk. */
export type DiskWorkload = QueueTarget & {
  readonly fromNs: Ns;
  readonly bytes: number;
  readonly isWrite: boolean;
  /** Which disk of a controller; undefined: the first one. */
  readonly lun: number | undefined;
  /** CPUs that submit in turn, as a list; undefined: all that are online. */
  readonly cpus: string | undefined;
};

/** How many CPUs a list can name. */
const MAX_CPUS = 8192;

/** What the I/O of a submitter with a number from 0 on is like. */
export function submitterChoice({
  cpus,
  bytes,
  isWrite,
  lun,
}: DiskWorkload): (submitter: number) => Omit<DiskIoOptions, 'completed'> {
  const list = cpus === undefined ? undefined : [...parseCpuList(cpus, MAX_CPUS)];
  return (submitter) => ({ submitter, cpus: list, bytes, isWrite, lun });
}

/** A count of I/Os. */
export type IoTally = SignalTally & { completed: number };

/** Counts an I/O that is over. @param ok false if the disk went away. */
export function countCompletion(tally: IoTally, ok: boolean): void {
  if (ok) tally.completed += 1;
  else tally.unsent += 1;
}
