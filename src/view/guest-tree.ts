import type { IrqCore } from '../irq/core.js';
import type { CpuFiles } from '../platform/platform.js';
import { x86CpuFiles } from '../platform/x86/cpu-files.js';
import type { ArchInterrupts } from './interrupts/arch.js';
import { InterruptsView, type InterruptsViewOptions, noArchInterrupts } from './interrupts/live.js';
import { procCpuinfo } from './proc/cpuinfo.js';
import { DebugDomains } from './debugfs/irq-domains.js';
import { debugIrqs } from './debugfs/irqs.js';
import { ProcIrq } from './proc/irq.js';
import { procSoftirqs, procStat, type SoftirqCount, type SystemStat } from './proc/stat.js';
import { type SysCpuOptions, sysCpuDirectory } from './sys/cpu.js';
import { sysIrq } from './sys/irq.js';
import { sysNodeDirectory } from './sys/node.js';
import { FileTree } from './tree.js';
import { procFile, StaticDirectory } from './tree-node.js';

/** What a guest's /proc and /sys are made of. */
export interface GuestTreeOptions {
  readonly irq: IrqCore;
  /** Interrupts that the architecture counts on its own; default: none. */
  readonly arch?: ArchInterrupts;
  /** What the architecture's files say of its CPUs; default: x86's. */
  readonly cpuFiles?: CpuFiles;
  readonly cpu?: SysCpuOptions;
  readonly interrupts?: InterruptsViewOptions;
  /** Default: softirqs are not counted. */
  readonly softirqs?: SoftirqCount;
  /** Default: booted at 1970's start, and nothing happened since. */
  readonly stat?: () => SystemStat;
}

const nothingHappened: SystemStat = { bootTimeS: 0, contextSwitches: 0, forks: 0 };

/**
 * The files of a guest. From then on the interrupt layer shows its lines in /proc/irq of this tree. Other folders add
 * theirs with `tree.mount('/sys/bus/vmbus', directory)`.
 */
export function createGuestTree(options: GuestTreeOptions): FileTree {
  const { irq, arch = noArchInterrupts, cpuFiles = x86CpuFiles } = options;
  const { softirqs = () => 0, stat = () => nothingHappened } = options;
  const { machine } = irq;
  const interrupts = new InterruptsView(irq, arch, options.interrupts);
  const tree = new FileTree();
  tree.mount('/proc', new StaticDirectory(0o555));
  tree.mount('/sys', new StaticDirectory(0o555));
  tree.mount('/proc/irq', new ProcIrq(irq, (desc) => interrupts.noteChip(desc.data.chip)));
  tree.mount('/proc/interrupts', procFile(0o444, { read: () => interrupts.text() }));
  tree.mount('/proc/stat', procFile(0o444, { read: () => procStat(irq, arch, softirqs, stat()) }));
  tree.mount('/proc/softirqs', procFile(0o444, { read: () => procSoftirqs(machine, softirqs) }));
  tree.mount('/proc/cpuinfo', procFile(0o444, { read: () => procCpuinfo(machine, cpuFiles) }));
  tree.mount('/sys/kernel/irq', sysIrq(irq));
  tree.mount('/sys/kernel/debug/irq/irqs', debugIrqs(irq));
  tree.mount('/sys/kernel/debug/irq/domains', new DebugDomains(irq));
  tree.mount('/sys/devices/system/cpu', sysCpuDirectory(machine, cpuFiles, options.cpu));
  tree.mount('/sys/devices/system/node', sysNodeDirectory(machine));
  // What is passed through shows as a VMBus device; the PCI devices behind are not modelled.
  tree.mount('/sys/bus/pci/devices', new StaticDirectory(0o755));
  return tree;
}
