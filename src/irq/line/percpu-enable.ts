import type { CpuId } from '../../lib/brand.js';
import type { IrqDesc } from '../data/irqdesc.js';

/**
 * Lets a line that is per-CPU with a dev_id through on `cpu`. Its disables do not nest: a mask of CPUs stands for their
 * depth (kernel/irq/chip.c irq_percpu_enable).
 */
export function irqPercpuEnable(desc: IrqDesc, cpu: CpuId): void {
  const { data } = desc;
  if (data.chip.irqEnable) data.chip.irqEnable(data);
  else data.chip.irqUnmask?.(data);
  desc.percpuEnabled?.set(cpu);
}

/** Takes the line from `cpu`; the others keep it (kernel/irq/chip.c irq_percpu_disable). */
export function irqPercpuDisable(desc: IrqDesc, cpu: CpuId): void {
  const { data } = desc;
  if (data.chip.irqDisable) data.chip.irqDisable(data);
  else data.chip.irqMask?.(data);
  desc.percpuEnabled?.clear(cpu);
}
