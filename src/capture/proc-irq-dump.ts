import type { Irq } from '../lib/brand.js';
import { parseCpuList, parseCpuMask } from '../machine/cpumask-text.js';
import type { CpuMask } from '../machine/cpumask.js';
import { ErrnoError } from '../lib/errno.js';
import { CaptureSyntaxError } from './syntax-error.js';

/** Affinities out of what grep printed of /proc/irq. */
export interface ProcIrqDump {
  /** CPUs that each interrupt may go to (smp_affinity). */
  readonly affinity: ReadonlyMap<Irq, CpuMask>;
  /** CPUs that each interrupt does go to (effective_affinity), where the dump has it. */
  readonly effective: ReadonlyMap<Irq, CpuMask>;
  /** NUMA nodes of their descriptors (node), where there is one. */
  readonly nodes: ReadonlyMap<Irq, number>;
}

/** Most CPUs that a mask or list may name. */
export const MAX_CPUS = 8192;
/** Files of /proc/irq/N that are accepted but have no counterpart in a scenario. */
const leftAside = new Set(['affinity_hint', 'node', 'spurious']);
const dumpLine = /^(?:\/proc\/irq\/|\.\/)?(\d+)\/([a-z_]+):(.*)$/;
const defaultLine = /^(?:\/proc\/irq\/|\.\/)?default_smp_affinity:[0-9a-f,]+$/;

/** True for a text that looks like the output of grep on /proc/irq. */
export function isProcIrqDump(text: string): boolean {
  const first = text.split('\n', 1)[0];
  return dumpLine.test(first) || defaultLine.test(first);
}

/**
 * Reads what grep printed of the files of /proc/irq: `/proc/irq/24/smp_affinity_list:0-3`.
 *
 * @throws CaptureSyntaxError for a line that it does not print.
 */
export function parseProcIrqDump(text: string): ProcIrqDump {
  const affinity = new Map<Irq, CpuMask>();
  const effective = new Map<Irq, CpuMask>();
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '' || defaultLine.test(line)) continue;
    const match = dumpLine.exec(line);
    if (match === null) throw new CaptureSyntaxError(at + 1, 1, '/proc/irq/NUMBER/FILE:TEXT');
    const [, irq, file, value] = match;
    if (leftAside.has(file)) continue;
    const target = file.startsWith('effective_') ? effective : affinity;
    const name = file.replace('effective_', 'smp_');
    if (name !== 'smp_affinity' && name !== 'smp_affinity_list') {
      throw new CaptureSyntaxError(
        at + 1,
        line.indexOf(file) + 1,
        'a file of /proc/irq such as smp_affinity_list',
      );
    }
    // smp_affinity and smp_affinity_list of one interrupt are the same set: the later one may overwrite the other.
    target.set(Number(irq), cpus(value, name === 'smp_affinity', at + 1, line.length - value.length + 1));
  }
  return { affinity, effective, nodes: new Map() };
}

function cpus(text: string, isMask: boolean, line: number, column: number): CpuMask {
  try {
    return isMask ? parseCpuMask(text, MAX_CPUS) : parseCpuList(text, MAX_CPUS);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    throw new CaptureSyntaxError(
      line,
      column,
      isMask ? 'a mask of CPUs such as f' : 'a list of CPUs such as 0-3,5',
    );
  }
}
