import { irqCanSetAffinityUsr } from '../../irq/affinity/affinity.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { jiffiesToMsecs } from '../../machine/jiffies.js';
import { CpuMask } from '../../machine/cpumask.js';
import { type FileNode, procFile, StaticDirectory, type TreeNode } from '../tree-node.js';
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

/** The files that each line has, in the order in which they are made (kernel/irq/proc.c register_irq_proc). */
const files: Readonly<Record<string, (line: ShownLine) => FileNode>> = {
  smp_affinity: ({ core, desc, affinityMode }) => irqAffinityFile(core, desc, affinityMode, maskText),
  affinity_hint: ({ core, desc }) =>
    cpuSetFile(() => desc.cold.affinityHint ?? new CpuMask(core.machine.nrCpuIds), maskText),
  smp_affinity_list: ({ core, desc, affinityMode }) => irqAffinityFile(core, desc, affinityMode, listText),
  node: ({ desc }) => procFile(0o444, { read: () => `${desc.data.node}\n` }),
  effective_affinity: ({ desc }) => cpuSetFile(() => desc.data.effectiveAffinity, maskText),
  effective_affinity_list: ({ desc }) => cpuSetFile(() => desc.data.effectiveAffinity, listText),
  spurious: ({ desc }) => spuriousFile(desc),
};

const names = Object.keys(files);

interface ShownLine {
  readonly core: IrqCore;
  readonly desc: IrqDesc;
  /** Mode of smp_affinity and smp_affinity_list. */
  readonly affinityMode: number;
}

/** /proc/irq/N. Its files are made when somebody looks at them: there are thousands of lines. */
export class IrqDirectory extends StaticDirectory implements ShownLine {
  readonly affinityMode: number;

  constructor(
    readonly core: IrqCore,
    readonly desc: IrqDesc,
  ) {
    super(0o555);
    this.affinityMode = irqCanSetAffinityUsr(desc) ? 0o644 : core.behaviour.unsettableAffinityMode;
  }

  override *list(): Generator<string, void, void> {
    yield* names;
    yield* super.list();
  }

  override lookup(name: string): TreeNode | undefined {
    return Object.hasOwn(files, name) ? files[name](this) : super.lookup(name);
  }

  override isFree(name: string): boolean {
    return !Object.hasOwn(files, name) && super.isFree(name);
  }

  /** What is still there when the kernel has removed its files, in procfs' order. */
  leftovers(): string[] {
    return [...super.list()].sort(procOrder);
  }
}
