import type { CpuId } from '../../lib/brand.js';

/** Makers of x86 CPUs that kernels tell apart. */
export const cpuVendors = ['Intel', 'AMD', 'Hygon'] as const;

/** CPUs of a guest; a plain number means so many, all present and online. */
export interface CpuOptions {
  /** Number of CPUs plugged in: 0 to present - 1. */
  readonly present: number;
  /** Number of CPUs that there is room for; default: `present`. */
  readonly possible?: number;
  /** CPUs online from the start; default: all present ones. With VMBus CPU 0 is one of them. */
  readonly online?: readonly CpuId[];
  /** CPUs that go offline as soon as the guest has booted: devices were set up while they were there. Default: none. */
  readonly wentOffline?: readonly CpuId[];
  /** CPUs that managed interrupts keep away from (isolcpus=managed_irq). */
  readonly isolated?: readonly CpuId[];
  /** CPUs without a timer tick (nohz_full). */
  readonly nohzFull?: readonly CpuId[];
  /** Who made them, where kernels tell makers apart (x86); default Intel. */
  readonly vendor?: (typeof cpuVendors)[number];
  /** Number of NUMA nodes, which CPUs are divided evenly among, or the CPUs of each node. Default 1. */
  readonly nodes?: number | readonly (readonly CpuId[])[];
  /** Number of packages (sockets); default: as many as nodes, one if the CPUs of each node are given. */
  readonly packages?: number;
  /** Hardware threads of each core; default 1. */
  readonly threadsPerCore?: number;
}

/** `cpus` with everything filled in that has a fixed default. */
export interface ResolvedCpus {
  readonly present: number;
  readonly possible: number;
  readonly online: readonly CpuId[];
  readonly wentOffline: readonly CpuId[];
  readonly isolated: readonly CpuId[];
  readonly nohzFull: readonly CpuId[];
  readonly vendor: (typeof cpuVendors)[number];
  readonly nodes: number | readonly (readonly CpuId[])[];
  readonly packages: number;
  readonly threadsPerCore: number;
}

export function resolveCpus(cpus: number | CpuOptions): ResolvedCpus {
  const options = typeof cpus === 'number' ? { present: cpus } : cpus;
  const { present, possible = present, online, isolated = [], nohzFull = [], nodes = 1 } = options;
  return {
    present,
    possible,
    wentOffline: options.wentOffline ?? [],
    online: online ?? Array.from({ length: present }, (_, cpu) => cpu),
    isolated,
    nohzFull,
    vendor: options.vendor ?? 'Intel',
    nodes,
    packages: options.packages ?? (typeof nodes === 'number' ? nodes : 1),
    threadsPerCore: options.threadsPerCore ?? 1,
  };
}
