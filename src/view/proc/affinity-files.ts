import { ErrnoError } from '../../lib/errno.js';
import { irqCanSetAffinityUsr, irqSetAffinityUnderLock } from '../../irq/affinity/affinity.js';
import type { IrqCore } from '../../irq/core.js';
import { irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Machine } from '../../machine/machine.js';
import { formatCpuList, formatCpuMask, parseCpuList, parseCpuMask } from '../../machine/cpumask-text.js';
import { type FileNode, procFile, throwIfError } from '../tree-node.js';

/** How a file writes a set of CPUs. */
export interface CpuSetText {
  parse(text: string, nrCpuIds: number): CpuMask;
  format(mask: CpuMask): string;
}

export const maskText: CpuSetText = { parse: parseCpuMask, format: formatCpuMask };
export const listText: CpuSetText = { parse: parseCpuList, format: formatCpuList };

/** A file that only shows a set of CPUs. */
export function cpuSetFile(mask: () => CpuMask, form: CpuSetText): FileNode {
  return procFile(0o444, { read: () => form.format(mask()) + '\n' });
}

function requireOnline({ online }: Machine, mask: CpuMask): void {
  if (mask.intersects(online)) return;
  throw new ErrnoError(
    'EINVAL',
    `none of CPUs ${formatCpuList(mask) || '(none)'} is online; ${formatCpuList(online)} are`,
  );
}

/** A write to smp_affinity or smp_affinity_list (kernel/irq/proc.c write_irq_affinity). */
function writeIrqAffinity(core: IrqCore, desc: IrqDesc, text: string, form: CpuSetText): number {
  const { irq } = desc;
  if (!irqCanSetAffinityUsr(desc)) {
    throw new ErrnoError(core.behaviour.affinityRefusal, `user space may not move IRQ ${irq}`);
  }
  const mask = form.parse(text, core.machine.nrCpuIds);
  requireOnline(core.machine, mask);
  throwIfError(
    irqSetAffinityUnderLock(core, irq, mask),
    `IRQ ${irq} cannot be moved to CPUs ${formatCpuList(mask)}`,
  );
  // A CPU that was sent an IPI takes it before the writer gets on.
  if (core.machine.runner === undefined) core.machine.settle();
  return text.length;
}

/** The affinity that is shown: a pending one before the present one (kernel/irq/proc.c show_irq_affinity). */
export function shownAffinity(desc: IrqDesc): CpuMask {
  return desc.data.has(irqd.SETAFFINITY_PENDING) ? desc.cold.pendingMask : desc.data.affinity;
}

/** smp_affinity or smp_affinity_list of a line. */
export function irqAffinityFile(core: IrqCore, desc: IrqDesc, mode: number, form: CpuSetText): FileNode {
  return procFile(mode, {
    read: () => form.format(shownAffinity(desc)) + '\n',
    write: (text) => writeIrqAffinity(core, desc, text, form),
  });
}

/** /proc/irq/default_smp_affinity (kernel/irq/proc.c default_affinity_write). */
export function defaultAffinityFile(core: IrqCore): FileNode {
  return procFile(0o644, {
    read: () => formatCpuMask(core.defaultAffinity) + '\n',
    write: (text) => {
      const mask = parseCpuMask(text, core.machine.nrCpuIds);
      requireOnline(core.machine, mask);
      core.setDefaultAffinity(mask);
      return text.length;
    },
  });
}
