import type { CpuId } from '../../lib/brand.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { Machine } from '../../machine/machine.js';
import { cpuSetFiles, onlineSiblings } from './cpu-sets.js';
import { type DirectoryNode, StaticDirectory, sysfsFile } from '../tree-node.js';

interface Cache {
  readonly level: number;
  readonly type: 'Data' | 'Instruction' | 'Unified';
  readonly sizeKb: number;
  readonly ways: number;
  /** Whether the CPUs of a core or of a package share it. */
  readonly shared: 'core' | 'package';
}

/** The caches of a common x86 server; the model does not use them, tools that show the topology do. */
const caches: readonly Cache[] = [
  { level: 1, type: 'Data', sizeKb: 32, ways: 8, shared: 'core' },
  { level: 1, type: 'Instruction', sizeKb: 32, ways: 8, shared: 'core' },
  { level: 2, type: 'Unified', sizeKb: 1024, ways: 16, shared: 'core' },
  { level: 3, type: 'Unified', sizeKb: 32768, ways: 16, shared: 'package' },
];

const LINE_BYTES = 64;

function indexDirectory(machine: Machine, cpu: CpuId, cache: Cache): DirectoryNode {
  const { topology } = machine;
  const { level, type, sizeKb, ways } = cache;
  const sharedBy = (): CpuMask =>
    cache.shared === 'core'
      ? onlineSiblings(machine, cpu, topology.package, topology.core)
      : onlineSiblings(machine, cpu, topology.package);
  const constant = (value: string | number) => sysfsFile(0o444, { show: () => `${value}\n` });
  return new StaticDirectory(0o755, {
    level: constant(level),
    type: constant(type),
    size: constant(`${sizeKb}K`),
    coherency_line_size: constant(LINE_BYTES),
    number_of_sets: constant((sizeKb * 1024) / LINE_BYTES / ways),
    ways_of_associativity: constant(ways),
    physical_line_partition: constant(1),
    id: constant(cache.shared === 'core' ? topology.core[cpu] : topology.package[cpu]),
    ...cpuSetFiles('shared_cpu_map', 'shared_cpu_list', sharedBy),
  });
}

/** cpuN/cache (drivers/base/cacheinfo.c); it exists while the CPU is online. */
export function cacheDirectory(machine: Machine, cpu: CpuId): DirectoryNode {
  const directory = new StaticDirectory(0o755);
  for (const [index, cache] of caches.entries()) {
    directory.add(`index${index}`, indexDirectory(machine, cpu, cache));
  }
  return directory;
}
