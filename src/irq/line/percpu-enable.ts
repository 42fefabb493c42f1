import type { CpuId } from '../../lib/brand.js';
import type { IrqDesc } from '../data/irqdesc.js';

/** kernel/irq/chip.c irq_percpu_enable; the line must be per-CPU with a dev_id. */
export function irqPercpuEnable(desc: IrqDesc, cpu: CpuId): void {
  const { data } = desc;
  if (data.chip.irqEnable) data.chip.irqEnable(data);
  else data.chip.irqUnmask?.(data);
  desc.percpuEnabled?.set(cpu);
}

/** kernel/irq/chip.c irq_percpu_disable */
export function irqPercpuDisable(desc: IrqDesc, cpu: CpuId): void {
  const { data } = desc;
  if (data.chip.irqDisable) data.chip.irqDisable(data);
  else data.chip.irqMask?.(data);
  desc.percpuEnabled?.clear(cpu);
}
