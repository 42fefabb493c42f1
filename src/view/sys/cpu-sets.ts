import type { CpuId } from '../../lib/brand.js';
import { CpuMask } from '../../machine/cpumask.js';
import { formatCpuList, formatCpuMask } from '../../machine/cpumask-text.js';
import type { Machine } from '../../machine/machine.js';
import { type FileNode, sysfsFile } from '../tree-node.js';

/** A file of sysfs that shows one line. */
export function textFile(show: () => string): FileNode {
  return sysfsFile(0o444, { show: () => show() + '\n' });
}

/** A set of CPUs as two files, a mask and a list. */
export function cpuSetFiles(mask: string, list: string, cpus: () => CpuMask): Record<string, FileNode> {
  return { [mask]: textFile(() => formatCpuMask(cpus())), [list]: textFile(() => formatCpuList(cpus())) };
}

/** CPULIST_FILE_MAX_BYTES of a kernel with NR_CPUS=8192; a mask needs no more than a page. */
const LIST_BYTES = 28672;

/** The same as binary attributes, which topology and nodes have for lists that fill more than a page. */
export function wideCpuSetFiles(mask: string, list: string, cpus: () => CpuMask): Record<string, FileNode> {
  const files = cpuSetFiles(mask, list, cpus);
  return { ...files, [list]: { ...files[list], size: LIST_BYTES } };
}

/** CPUs online that share `of` with `cpu`. */
export function onlineSiblings(machine: Machine, cpu: CpuId, ...of: (readonly number[])[]): CpuMask {
  const siblings = new CpuMask(machine.nrCpuIds);
  for (const other of machine.online) if (of.every((part) => part[other] === part[cpu])) siblings.set(other);
  return siblings;
}
