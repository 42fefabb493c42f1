import { errnoValue } from '../lib/errno.js';
import type { CpuMask } from '../machine/cpumask.js';
import { type Procedure, runAtomic } from '../machine/step.js';
import { IRQ_SET_MASK_OK } from '../irq/data/irqchip.js';
import type { IrqChip, IrqData } from '../irq/data/irqdata.js';
import { VmbusChannel } from './channel/channel.js';
import type { ChannelMover } from './channel/mover.js';

/**
 * The chip of channel interrupts (RFC patches 7 and 10, drivers/hv/vmbus_drv.c). Masking does nothing: without the
 * functions the interrupts would be shown as masked.
 */
export class VmbusIrqChip implements IrqChip {
  readonly name = 'VMBus';

  constructor(private readonly mover: ChannelMover) {}

  irqMask(): void {}

  irqUnmask(): void {}

  /** Called by the interrupt layer with the descriptor locked, so it must not sleep. */
  irqSetAffinity(data: IrqData, dest: CpuMask): number {
    return runAtomic(this.irqSetAffinitySteps(data, dest));
  }

  /**
   * vmbus_irq_set_affinity: ChannelMover has all of it but what the interrupt layer is to know. @primitive
   */
  *irqSetAffinitySteps(data: IrqData, dest: CpuMask): Procedure<number> {
    const channel = data.handlerData;
    if (!(channel instanceof VmbusChannel)) {
      data.desc.core.machine.log.printk(
        `hv_vmbus: Bad channel in vmbus_irq_set_affinity for relid ${data.hwirq}`,
      );
      return errnoValue('EINVAL');
    }
    const ret = yield* this.mover.move(channel, dest);
    if (ret < 0) return ret;
    data.effectiveAffinity.clearAll();
    data.effectiveAffinity.set(channel.targetCpu);
    return IRQ_SET_MASK_OK;
  }
}
