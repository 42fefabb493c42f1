import type { CpuMask } from '../../../machine/cpumask.js';
import { errnoValue } from '../../../lib/errno.js';
import { IRQ_SET_MASK_OK_DONE, IRQCHIP_STATE_PENDING, type IrqchipState } from '../../../irq/data/irqchip.js';
import type { IrqChip, IrqData, MsiMsg } from '../../../irq/data/irqdata.js';
import type { Gic } from '../gic.js';
import { ItsDevice } from './device.js';
import type { Its } from './its.js';

/** Address of GITS_TRANSLATER of the ITS at 0x8080000. */
export const TRANSLATER = 0x8090040;

/**
 * The ITS as a chip, between that of the devices' messages and the GICv3's (drivers/irqchip/irq-gic-v3-its.c
 * its_irq_chip): LPIs have no type and no active state, so the GIC has nothing to end.
 */
export class ItsChip implements IrqChip {
  readonly name = 'ITS';

  constructor(
    private readonly its: Its,
    private readonly gic: Gic,
  ) {}

  irqMask(data: IrqData): void {
    this.gic.setEnabled(data.hwirq, false);
  }

  irqUnmask(data: IrqData): void {
    this.gic.setEnabled(data.hwirq, true);
  }

  irqEoi(): void {}

  irqSetAffinity(data: IrqData, dest: CpuMask, force: boolean): number {
    const ret = this.its.setAffinity(data, dest, force);
    return ret === 0 ? IRQ_SET_MASK_OK_DONE : ret;
  }

  /** Devices write the number of their event to the ITS' register for that (its_irq_compose_msi_msg). */
  irqComposeMsiMsg({ chipData, hwirq, irq }: IrqData): MsiMsg {
    if (!(chipData instanceof ItsDevice)) throw new Error(`IRQ ${irq} has no device at the ITS`);
    return { addressHi: 0, addressLo: TRANSLATER, data: chipData.eventOf(hwirq) };
  }

  /** INT and CLEAR; there is no way to ask (its_irq_set_irqchip_state). */
  irqSetIrqchipState(data: IrqData, which: IrqchipState, state: boolean): number {
    if (which !== IRQCHIP_STATE_PENDING) return errnoValue('EINVAL');
    this.gic.setPending(data.hwirq, state);
    return 0;
  }

  irqRetrigger(data: IrqData): number {
    return this.irqSetIrqchipState(data, IRQCHIP_STATE_PENDING, true) === 0 ? 1 : 0;
  }
}
