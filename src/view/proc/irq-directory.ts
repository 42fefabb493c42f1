import { irqCanSetAffinityUsr } from '../../irq/affinity/affinity.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { jiffiesToMsecs } from '../../machine/jiffies.js';
import { CpuMask } from '../../machine/cpumask.js';
import { type FileNode, procFile, StaticDirectory } from '../tree-node.js';
import { cpuSetFile, irqAffinityFile, listText, maskText } from './affinity-files.js';

/** Counts about interrupts that nobody handled (kernel/irq/proc.c irq_spurious_proc_show). */
function spuriousFile(desc: IrqDesc): FileNode {
  const lastMs = (): number => jiffiesToMsecs(desc.cold.lastUnhandled);
  return procFile(0o444, {
    read: () =>
      `count ${desc.cold.irqCount}\nunhandled ${desc.irqsUnhandled}\nlast_unhandled ${lastMs()} ms\n`,
  });
}

/** The order that procfs keeps names in: shorter ones first. */
function procOrder(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}

/** /proc/irq/N. */
export class IrqDirectory extends StaticDirectory {
  private readonly own: readonly string[];

  constructor(core: IrqCore, desc: IrqDesc) {
    const { data } = desc;
    const empty = new CpuMask(core.machine.nrCpuIds);
    const mode = irqCanSetAffinityUsr(desc) ? 0o644 : core.behaviour.unsettableAffinityMode;
    const files = {
      smp_affinity: irqAffinityFile(core, desc, mode, maskText),
      affinity_hint: cpuSetFile(() => desc.cold.affinityHint ?? empty, maskText),
      smp_affinity_list: irqAffinityFile(core, desc, mode, listText),
      node: procFile(0o444, { read: () => `${data.node}\n` }),
      effective_affinity: cpuSetFile(() => data.effectiveAffinity, maskText),
      effective_affinity_list: cpuSetFile(() => data.effectiveAffinity, listText),
      spurious: spuriousFile(desc),
    };
    super(0o555, files);
    this.own = Object.keys(files);
  }

  /** What is still there when the kernel has removed its files, in procfs' order. */
  leftovers(): string[] {
    return [...this.list()].filter((name) => !this.own.includes(name)).sort(procOrder);
  }
}
