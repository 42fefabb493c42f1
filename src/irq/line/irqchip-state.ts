import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { IrqCore } from '../data/core.js';
import type { IrqchipState } from '../data/irqchip.js';

/** What the chip says about a line, or a negative errno (kernel/irq/manage.c irq_get_irqchip_state). */
export function irqGetIrqchipState(core: IrqCore, irq: Irq, which: IrqchipState): boolean | number {
  const data = core.desc(irq)?.data;
  if (data === undefined) return errnoValue('EINVAL');
  const { chip } = data;
  chip.irqBusLock?.(data);
  const state = chip.irqGetIrqchipState ? chip.irqGetIrqchipState(data, which) : errnoValue('EINVAL');
  chip.irqBusSyncUnlock?.(data);
  return state;
}

/** Sets what the chip keeps of a line; 0 or a negative errno (kernel/irq/manage.c irq_set_irqchip_state). */
export function irqSetIrqchipState(core: IrqCore, irq: Irq, which: IrqchipState, state: boolean): number {
  const data = core.desc(irq)?.data;
  if (data === undefined) return errnoValue('EINVAL');
  const { chip } = data;
  chip.irqBusLock?.(data);
  const ret = chip.irqSetIrqchipState ? chip.irqSetIrqchipState(data, which, state) : errnoValue('EINVAL');
  chip.irqBusSyncUnlock?.(data);
  return ret;
}
