import type { Irq } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { parseCpuList, parseCpuMask } from '../../machine/cpumask-text.js';
import type { CpuMask } from '../../machine/cpumask.js';
import { MAX_CPUS, type ProcIrqDump } from '../proc-irq-dump.js';
import type { FindingList } from './findings.js';
import type { MachineFiles } from './machine-files.js';

/** Linux has no more NUMA nodes (MAX_NUMNODES). */
const MOST_NODE = 1023;

/** The affinities in a machine's /proc/irq; undefined if it was not copied. */
export function procIrqFiles(files: MachineFiles, findings: FindingList): ProcIrqDump | undefined {
  const affinity = new Map<Irq, CpuMask>();
  const effective = new Map<Irq, CpuMask>();
  const nodes = new Map<Irq, number>();
  for (const name of files.list('/proc/irq')) {
    if (!/^\d{1,9}$/.test(name)) continue;
    const mask = maskIn(files, `/proc/irq/${name}/smp_affinity`);
    const target = maskIn(files, `/proc/irq/${name}/effective_affinity`);
    if (mask !== undefined) affinity.set(Number(name), mask);
    if (target !== undefined) effective.set(Number(name), target);
    const node = files.number(`/proc/irq/${name}/node`) ?? -1;
    if (node >= 0 && node <= MOST_NODE) nodes.set(Number(name), node);
  }
  if (affinity.size === 0) return undefined;
  findings.take(`affinities of ${affinity.size} interrupts`, '/proc/irq/*/smp_affinity, effective_affinity');
  return { affinity, effective, nodes };
}

/** CPUs of a file or of the one that has them as a list; undefined if neither can be read. */
function maskIn(files: MachineFiles, path: string): CpuMask | undefined {
  const [list, mask] = [files.line(`${path}_list`), files.line(path)];
  try {
    if (list !== undefined) return parseCpuList(list, MAX_CPUS);
    return mask === undefined ? undefined : parseCpuMask(mask, MAX_CPUS);
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}
