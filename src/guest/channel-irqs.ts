import type { IrqCore } from '../irq/core.js';
import type { Procedure } from '../machine/step.js';
import type { ChannelOptions } from '../scenario/options/channels.js';
import { IrqdomainRelidMap } from '../vmbus/variants/irqdomain-map.js';
import type { RelidMap } from '../vmbus/relid-map.js';

/**
 * Keeps the numbers that channels are to have until their interrupts are made.
 *
 * @throws RangeError for a number that the guest has given away already, or does not have, and in a design whose channels
 *   have no interrupts of their own.
 */
export function* keepChannelIrqs(
  core: IrqCore,
  relids: RelidMap,
  channels: readonly ChannelOptions[],
): Procedure<void> {
  for (const { relid, irq } of channels) {
    if (irq === undefined) continue;
    if (!(relids instanceof IrqdomainRelidMap))
      throw new RangeError(
        `channel ${relid} cannot have IRQ ${irq}: this design gives channels no interrupts`,
      );
    if ((yield* relids.keepIrq(relid, irq)) >= 0) continue;
    const why = core.desc(irq) === undefined ? 'the guest has no such number' : 'it is there already';
    throw new RangeError(`channel ${relid} cannot have IRQ ${irq}: ${why}`);
  }
}
