import type { CpuId } from '../../lib/brand.js';
import { kstrtobool } from '../../lib/kstrtox.js';
import { CpuMask } from '../../machine/cpumask.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import type { IrqCore } from '../../irq/core.js';
import type { Machine } from '../../machine/machine.js';
import type { CpuFiles } from '../../platform/platform.js';
import { cpuHotplugDirectory, hotplugDirectory, smtDirectory } from './cpu-hotplug.js';
import { onlineSiblings, textFile, wideCpuSetFiles } from './cpu-sets.js';
import { cacheDirectory } from './cache.js';
import {
  type DirectoryNode,
  type FileNode,
  ListDirectory,
  MixedDirectory,
  StaticDirectory,
  sleepingSysfsFile,
  type TreeNode,
} from '../tree-node.js';

/** What /sys/devices/system/cpu says that the machine does not know. */
export interface SysCpuOptions {
  /** Highest CPU number that the kernel is built for; default 8191 (NR_CPUS=8192). */
  readonly kernelMax?: number;
  /** CPUs taken from the scheduler (isolcpus=domain); default: none. */
  readonly isolated?: CpuMask;
  /** CPUs without a tick (nohz_full=); default: the kernel runs without that. */
  readonly nohzFull?: CpuMask;
  /** CPUs that have an `online` file; default: those that the architecture lets go. */
  readonly hotpluggable?: (cpu: CpuId) => boolean;
}

/** The cluster of a CPU: on x86 the APIC id of the first that shares its L2 cache; on arm64 none (-1). */
function clusterId({ topology, cpus }: Machine, cpu: CpuId, isX86: boolean): string {
  if (!isX86) return '-1';
  const isSibling = (id: CpuId): boolean =>
    topology.package[id] === topology.package[cpu] && topology.core[id] === topology.core[cpu];
  return String(cpus.find(({ id }) => isSibling(id))?.id ?? cpu);
}

/** cpuN/topology (drivers/base/topology.c); it exists while the CPU is online. */
function topologyDirectory(machine: Machine, cpu: CpuId, { hasDies }: CpuFiles): DirectoryNode {
  const { topology } = machine;
  const ofCore = (): CpuMask => onlineSiblings(machine, cpu, topology.package, topology.core);
  const ofPackage = (): CpuMask => onlineSiblings(machine, cpu, topology.package);
  const alone = CpuMask.of(machine.nrCpuIds, [cpu]);
  return new StaticDirectory(0o755, {
    physical_package_id: textFile(() => String(topology.package[cpu])),
    ...(hasDies && { die_id: textFile(() => '0') }),
    cluster_id: textFile(() => clusterId(machine, cpu, hasDies)),
    core_id: textFile(() => String(topology.core[cpu])),
    ...wideCpuSetFiles('core_cpus', 'core_cpus_list', ofCore),
    ...wideCpuSetFiles('thread_siblings', 'thread_siblings_list', ofCore),
    // On x86 CPUs of a cluster share their L2 cache; on arm64 firmware would have to say so.
    ...wideCpuSetFiles('cluster_cpus', 'cluster_cpus_list', hasDies ? ofCore : () => alone),
    ...(hasDies && wideCpuSetFiles('die_cpus', 'die_cpus_list', ofPackage)),
    ...wideCpuSetFiles('package_cpus', 'package_cpus_list', ofPackage),
    ...wideCpuSetFiles('core_siblings', 'core_siblings_list', ofPackage),
  });
}

/** cpuN/online (drivers/base/core.c online_store): what is so already is no error. */
function onlineFile(machine: Machine, cpu: CpuId): FileNode {
  return sleepingSysfsFile(machine, 0o644, {
    show: () => (machine.online.has(cpu) ? '1\n' : '0\n'),
    store: (data) => {
      const { hotplug } = machine;
      const online = kstrtobool(data);
      return { name: `cpu${cpu}/online`, work: online ? hotplug.cpuUp(cpu) : hotplug.cpuDown(cpu) };
    },
  });
}

/** /sys/devices/system/cpu/cpuN. */
class CpuDirectory implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;
  private entries: { readonly always: StaticDirectory; readonly whileOnline: StaticDirectory } | undefined;

  constructor(
    private readonly core: IrqCore,
    private readonly cpu: CpuId,
    private readonly cpuFiles: CpuFiles,
    private readonly hotpluggable: boolean,
  ) {}

  list(): Iterable<string> {
    const { always, whileOnline } = this.made;
    return this.isOnline ? [...always.list(), ...whileOnline.list()] : always.list();
  }

  lookup(name: string): TreeNode | undefined {
    const { always, whileOnline } = this.made;
    return (this.isOnline ? whileOnline.lookup(name) : undefined) ?? always.lookup(name);
  }

  private get isOnline(): boolean {
    return this.core.machine.online.has(this.cpu);
  }

  /** What is in the directory; made when somebody looks, for most CPUs of a large machine are never looked at. */
  private get made() {
    this.entries ??= this.make();
    return this.entries;
  }

  private make() {
    const { core, cpu, cpuFiles } = this;
    const { machine } = core;
    const node = machine.topology.node[cpu];
    return {
      always: new StaticDirectory(0o755, {
        [`node${node}`]: { kind: 'symlink', target: `../../node/node${node}` },
        hotplug: cpuHotplugDirectory(core, cpu),
        ...(this.hotpluggable && { online: onlineFile(machine, cpu) }),
      }),
      whileOnline: new StaticDirectory(0o755, {
        topology: topologyDirectory(machine, cpu, cpuFiles),
        cache: cacheDirectory(machine, cpu),
      }),
    };
  }
}

/**
 * An entry for each CPU that is present, of those of `own`.
 *
 * @param nodeOf the entry, which is asked for each time.
 */
export function presentCpus(
  { present }: Machine,
  nodeOf: (cpu: CpuId) => TreeNode,
  own: CpuMask = present,
): ListDirectory<CpuId> {
  return new ListDirectory(
    () => own.and(present),
    (cpu) => `cpu${cpu}`,
    nodeOf,
    (name) => {
      const cpu = /^cpu(0|[1-9]\d*)$/.exec(name)?.[1];
      return cpu !== undefined && own.has(Number(cpu)) && present.has(Number(cpu)) ? Number(cpu) : undefined;
    },
  );
}

/** /sys/devices/system/cpu (drivers/base/cpu.c): a directory for every present CPU, and sets of CPUs. */
export function sysCpuDirectory(
  core: IrqCore,
  cpuFiles: CpuFiles,
  options: SysCpuOptions = {},
): StaticDirectory {
  const { machine } = core;
  const { nrCpuIds, possible, present, online } = machine;
  const { cpuEnabledFile, cpuHousekeepingFile } = core.behaviour;
  const { kernelMax = 8191, isolated = new CpuMask(nrCpuIds), nohzFull } = options;
  const { hotpluggable = cpuFiles.isHotpluggable } = options;
  // Older kernels print a null pointer as wide as the mask would be.
  const noNohzFull = cpuHousekeepingFile ? '' : '(null)'.padStart(nrCpuIds);
  const directories = new Map<CpuId, CpuDirectory>();
  const directoryOf = (cpu: CpuId): CpuDirectory => {
    const made = directories.get(cpu) ?? new CpuDirectory(core, cpu, cpuFiles, hotpluggable(cpu));
    directories.set(cpu, made);
    return made;
  };
  const files = {
    online: textFile(() => formatCpuList(online)),
    offline: textFile(() => formatCpuList(possible.andNot(online))),
    possible: textFile(() => formatCpuList(possible)),
    present: textFile(() => formatCpuList(present)),
    kernel_max: textFile(() => String(kernelMax)),
    isolated: textFile(() => formatCpuList(isolated)),
    nohz_full: textFile(() => (nohzFull ? formatCpuList(nohzFull) : noNohzFull)),
    ...(cpuEnabledFile && { enabled: textFile(() => formatCpuList(present)) }),
    ...(cpuHousekeepingFile && {
      housekeeping: textFile(() => (nohzFull ? formatCpuList(possible.andNot(nohzFull)) : '')),
    }),
    hotplug: hotplugDirectory(core),
    smt: smtDirectory(core, cpuFiles),
  };
  return new MixedDirectory(0o755, files, presentCpus(machine, directoryOf));
}
