import type { CpuId } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { CpuMask } from '../../machine/cpumask.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import type { Machine } from '../../machine/machine.js';
import type { CpuFiles } from '../../platform/platform.js';
import { onlineSiblings, textFile, wideCpuSetFiles } from './cpu-sets.js';
import { cacheDirectory } from './cache.js';
import {
  type DirectoryNode,
  type FileNode,
  StaticDirectory,
  sysfsFile,
  type TreeNode,
} from '../tree-node.js';

/** What /sys/devices/system/cpu says that the machine does not know. */
export interface SysCpuOptions {
  /** Highest CPU number that the kernel is built for; default 8191 (NR_CPUS=8192). */
  readonly kernelMax?: number;
  /** CPUs taken from the scheduler (isolcpus=domain); default: the machine's isolated ones. */
  readonly isolated?: CpuMask;
  /** CPUs without a tick (nohz_full=); default: the kernel runs without that. */
  readonly nohzFull?: CpuMask;
  /** CPUs that have an `online` file; default: those that the architecture lets go. */
  readonly hotpluggable?: (cpu: CpuId) => boolean;
}

/** Reads a boolean as the kernel does, by its first letters (lib/kstrtox.c kstrtobool). */
export function parseBool(text: string): boolean {
  const [first, second] = text.toLowerCase();
  if (first === '1' || first === 'y' || first === 't') return true;
  if (first === '0' || first === 'n' || first === 'f') return false;
  if (first === 'o' && second === 'n') return true;
  if (first === 'o' && second === 'f') return false;
  throw new ErrnoError('EINVAL', `${JSON.stringify(text)} is neither 0 nor 1`);
}

/** cpuN/topology (drivers/base/topology.c); it exists while the CPU is online. */
function topologyDirectory(machine: Machine, cpu: CpuId): DirectoryNode {
  const { topology } = machine;
  const ofCore = (): CpuMask => onlineSiblings(machine, cpu, topology.package, topology.core);
  const ofPackage = (): CpuMask => onlineSiblings(machine, cpu, topology.package);
  return new StaticDirectory(0o755, {
    physical_package_id: textFile(() => String(topology.package[cpu])),
    die_id: textFile(() => '0'),
    core_id: textFile(() => String(topology.core[cpu])),
    ...wideCpuSetFiles('core_cpus', 'core_cpus_list', ofCore),
    ...wideCpuSetFiles('thread_siblings', 'thread_siblings_list', ofCore),
    ...wideCpuSetFiles('die_cpus', 'die_cpus_list', ofPackage),
    ...wideCpuSetFiles('package_cpus', 'package_cpus_list', ofPackage),
    ...wideCpuSetFiles('core_siblings', 'core_siblings_list', ofPackage),
  });
}

/** cpuN/online (drivers/base/core.c online_store): what is so already is no error. */
function onlineFile(machine: Machine, cpu: CpuId): FileNode {
  return sysfsFile(0o644, {
    show: () => (machine.online.has(cpu) ? '1\n' : '0\n'),
    store: (data) => {
      const { hotplug } = machine;
      const online = parseBool(data);
      machine.run(`cpu${cpu}/online`, online ? hotplug.cpuUp(cpu) : hotplug.cpuDown(cpu));
    },
  });
}

/** /sys/devices/system/cpu/cpuN. */
class CpuDirectory implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;
  private readonly whileOnline: StaticDirectory;
  private readonly always: StaticDirectory;

  constructor(
    private readonly machine: Machine,
    private readonly cpu: CpuId,
    hotpluggable: boolean,
  ) {
    const node = machine.topology.node[cpu];
    this.always = new StaticDirectory(0o755, {
      [`node${node}`]: { kind: 'symlink', target: `../../node/node${node}` },
      ...(hotpluggable && { online: onlineFile(machine, cpu) }),
    });
    this.whileOnline = new StaticDirectory(0o755, {
      topology: topologyDirectory(machine, cpu),
      cache: cacheDirectory(machine, cpu),
    });
  }

  *list(): Iterable<string> {
    yield* this.always.list();
    if (this.machine.online.has(this.cpu)) yield* this.whileOnline.list();
  }

  lookup(name: string): TreeNode | undefined {
    const online = this.machine.online.has(this.cpu) ? this.whileOnline.lookup(name) : undefined;
    return online ?? this.always.lookup(name);
  }
}

/** /sys/devices/system/cpu (drivers/base/cpu.c): a directory for every present CPU, and sets of CPUs. */
export function sysCpuDirectory(
  machine: Machine,
  { isHotpluggable }: CpuFiles,
  options: SysCpuOptions = {},
): StaticDirectory {
  const { kernelMax = 8191, isolated = machine.isolated, nohzFull, hotpluggable = isHotpluggable } = options;
  const { nrCpuIds, possible, present, online } = machine;
  const directory = new StaticDirectory(0o755, {
    online: textFile(() => formatCpuList(online)),
    offline: textFile(() => formatCpuList(possible.andNot(online))),
    possible: textFile(() => formatCpuList(possible)),
    present: textFile(() => formatCpuList(present)),
    kernel_max: textFile(() => String(kernelMax)),
    isolated: textFile(() => formatCpuList(isolated)),
    // The kernel prints a null pointer as wide as the mask would be.
    nohz_full: textFile(() => (nohzFull ? formatCpuList(nohzFull) : '(null)'.padStart(nrCpuIds))),
  });
  for (const cpu of present) directory.add(`cpu${cpu}`, new CpuDirectory(machine, cpu, hotpluggable(cpu)));
  return directory;
}
