import type { IrqCore } from '../irq/core.js';
import type { Machine } from '../machine/machine.js';
import type { CpuFiles } from '../platform/platform.js';
import { kernelTraceEvents } from '../platform/trace-events.js';
import { x86CpuFiles } from '../platform/x86/cpu-files.js';
import { DebugDomains } from './debugfs/irq-domains.js';
import { debugIrqs } from './debugfs/irqs.js';
import type { GuestFile } from './guest-file.js';
import type { ArchInterrupts } from './interrupts/arch.js';
import { InterruptsView, type InterruptsViewOptions, noArchInterrupts } from './interrupts/live.js';
import { procCpuinfo } from './proc/cpuinfo.js';
import { initIrqProc, ProcIrq } from './proc/irq.js';
import { kmsgFile } from './kmsg-file.js';
import { sysctlInt } from './proc/sysctl.js';
import { procSoftirqs, procStat, type SoftirqCount, type SystemStat } from './proc/stat.js';
import { type SysCpuOptions, sysCpuDirectory } from './sys/cpu.js';
import { sysIrq } from './sys/irq.js';
import { sysNodeDirectory } from './sys/node.js';
import { pciBusDirectory, rootBus, type ShownPci } from './sys/pci-bus.js';
import { spuriousParameters } from './sys/spurious-parameters.js';
import { PluginError } from '../lib/plugin-error.js';
import { Tracer } from '../trace/tracer.js';
import { tracefs } from './tracing/tracefs.js';
import { FileTree } from './tree.js';
import { procFile, StaticDirectory, type TreeNode } from './tree-node.js';

/** What a guest's /proc and /sys are made of. */
export interface GuestTreeOptions {
  readonly irq: IrqCore;
  /** Interrupts that the architecture counts on its own; default: none. */
  readonly arch?: ArchInterrupts;
  /** What the architecture's files say of its CPUs; default: x86's. */
  readonly cpuFiles?: CpuFiles;
  readonly cpu?: SysCpuOptions;
  readonly interrupts?: InterruptsViewOptions;
  /** Default: a machine without PCI. */
  readonly pci?: ShownPci;
  /** Default: those that ran on the machine's CPUs. */
  readonly softirqs?: SoftirqCount;
  /** Default: one that has the events of interrupts. */
  readonly tracer?: Tracer;
  /** Default: booted at 1970's start, and nothing happened since. */
  readonly stat?: () => SystemStat;
}

/** What the files of a guest show. */
export class ShownGuest {
  readonly irq: IrqCore;
  readonly arch: ArchInterrupts;
  readonly cpuFiles: CpuFiles;
  readonly cpu: SysCpuOptions | undefined;
  readonly interrupts: InterruptsView;
  readonly pci: ShownPci | undefined;
  readonly softirqs: SoftirqCount;
  readonly stat: () => SystemStat;
  readonly tracer: Tracer;

  constructor(options: GuestTreeOptions) {
    const { irq, arch = noArchInterrupts, cpuFiles = x86CpuFiles('Intel') } = options;
    const { cpus } = irq.machine;
    const { softirqs = (name, cpu) => cpus[cpu].softirqs.count(name), stat = () => nothingHappened } =
      options;
    this.irq = irq;
    this.arch = arch;
    this.cpuFiles = cpuFiles;
    this.cpu = options.cpu;
    this.interrupts = new InterruptsView(irq, arch, options.interrupts);
    this.pci = options.pci;
    this.softirqs = softirqs;
    this.stat = stat;
    this.tracer =
      options.tracer ?? new Tracer(irq.machine, kernelTraceEvents('x86', irq.behaviour), irq.behaviour);
  }
}

const nothingHappened: SystemStat = { bootTimeS: 0, contextSwitches: 0, forks: 0 };

/** The files that every guest has, by path. */
export const builtinFiles: Readonly<Record<string, (guest: ShownGuest) => TreeNode>> = {
  '/dev/kmsg': ({ irq: { machine } }) => kmsgFile(machine.log, machine.possible.weight),
  '/proc/irq': ({ irq }) => new ProcIrq(irq),
  '/proc/interrupts': ({ interrupts }) =>
    procFile(0o444, { read: () => interrupts.text(), bytes: () => interrupts.bytes() }),
  '/proc/stat': ({ irq, arch, softirqs, stat }) =>
    procFile(0o444, { read: () => procStat(irq, arch, softirqs, stat()) }),
  '/proc/softirqs': ({ irq: { machine }, softirqs }) =>
    procFile(0o444, { read: () => procSoftirqs(machine, softirqs) }),
  '/proc/cpuinfo': ({ irq: { machine }, cpuFiles }) =>
    procFile(0o444, { read: () => procCpuinfo(machine, cpuFiles) }),
  '/proc/kallsyms': ({ tracer }) =>
    procFile(0o444, { read: () => tracer.system.addresses.kallsyms(tracer.kptrRestrict < 2) }),
  '/proc/sys/kernel/ftrace_enabled': ({ tracer }) =>
    sysctlInt(
      () => tracer.ftraceEnabled,
      (value) => {
        tracer.ftraceEnabled = value;
      },
      [-(2 ** 31), 2 ** 31 - 1],
    ),
  '/proc/sys/kernel/kptr_restrict': ({ tracer }) =>
    sysctlInt(
      () => tracer.kptrRestrict,
      (value) => {
        tracer.kptrRestrict = value;
      },
      [0, 2],
    ),
  '/sys/kernel/irq': ({ irq }) => sysIrq(irq),
  '/sys/module/spurious/parameters': ({ irq }) => spuriousParameters(irq),
  '/sys/kernel/debug/irq/irqs': ({ irq }) => debugIrqs(irq),
  '/sys/kernel/debug/irq/domains': ({ irq }) => new DebugDomains(irq),
  '/sys/kernel/tracing': ({ tracer, irq: { machine } }) => tracefs(tracer, machine),
  '/sys/kernel/debug/tracing': ({ tracer, irq: { machine } }) => tracefs(tracer, machine),
  '/sys/devices/system/cpu': ({ irq, cpuFiles, cpu }) => sysCpuDirectory(irq, cpuFiles, cpu),
  '/sys/devices/system/node': ({ irq: { machine } }) => sysNodeDirectory(machine),
  '/sys/bus/pci': ({ irq, pci }) => pciBusDirectory(irq.machine, pci),
  '/sys/devices/pci0000:00': ({ irq, pci }) =>
    pci === undefined ? new StaticDirectory(0o755) : rootBus(irq, pci.msi, '', 'pci0000:00'),
};

/** /proc and /sys of a machine with some files in them. @throws PluginError for a path that is taken or cannot be. */
export function treeOf(machine: Machine, files: Iterable<GuestFile>): FileTree {
  const tree = new FileTree((work) => machine.asUser(work));
  tree.mount('/dev', new StaticDirectory(0o755));
  tree.mount('/proc', new StaticDirectory(0o555));
  tree.mount('/proc/sys', new StaticDirectory(0o555));
  tree.mount('/proc/sys/kernel', new StaticDirectory(0o555));
  tree.mount('/sys', new StaticDirectory(0o555));
  for (const file of files) mountBound(tree, file);
  return tree;
}

/** irqlab's own files have places of their own: what does not fit is a plug-in's. */
function mountBound(tree: FileTree, { path, node, isThere }: GuestFile): void {
  try {
    tree.mount(path, node, isThere);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new PluginError(`what is bound to GUEST_FILE cannot be used: ${error.message}`);
  }
}

/**
 * The files that every guest has. From then on the interrupt layer shows its lines in /proc/irq of this tree. Other
 * folders add theirs with `tree.mount('/sys/bus/vmbus', directory)`.
 */
export function createGuestTree(options: GuestTreeOptions): FileTree {
  const guest = new ShownGuest(options);
  const tree = treeOf(
    options.irq.machine,
    Object.entries(builtinFiles).map(([path, make]) => ({ path, node: make(guest) })),
  );
  initIrqProc(options.irq);
  return tree;
}
