import { kernelName } from '../messages/symbols.js';
import { irqType } from '../data/irqaction.js';
import {
  IRQ_SET_MASK_OK,
  IRQ_SET_MASK_OK_DONE,
  IRQ_SET_MASK_OK_NOCOPY,
  irqchipFlags,
} from '../data/irqchip.js';
import { irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { irqSettingsClear, irqSettingsSet, irqSettingsSetTriggerMask, irqStatus } from '../data/settings.js';
import { maskIrq, unmaskIrq } from './startup.js';

/**
 * Tells the chip the trigger type and remembers it (kernel/irq/manage.c __irq_set_trigger). A chip without a setter
 * is content with any type, which is then not remembered.
 */
export function irqSetTrigger(desc: IrqDesc, flags: number): number {
  const { data } = desc;
  const { chip } = data;
  let unmask = false;
  if (!chip.irqSetType) return 0;
  if (((chip.flags ?? 0) & irqchipFlags.SET_TYPE_MASKED) !== 0) {
    maskIrq(desc);
    unmask = !data.has(irqd.IRQ_DISABLED);
  }
  const type = flags & irqType.SENSE_MASK;
  let ret = chip.irqSetType(data, type);
  switch (ret) {
    case IRQ_SET_MASK_OK:
    case IRQ_SET_MASK_OK_DONE:
      data.clear(irqd.TRIGGER_MASK);
      data.set(type);
      ret = remember(desc);
      break;
    case IRQ_SET_MASK_OK_NOCOPY:
      ret = remember(desc);
      break;
    default:
      desc.core.machine.log.prErr(
        `genirq: Setting trigger mode ${type} for irq ${desc.irq} failed (${kernelName(chip.irqSetType.name)})`,
      );
  }
  if (unmask) unmaskIrq(desc);
  return ret;
}

function remember(desc: IrqDesc): number {
  const { data } = desc;
  const type = data.triggerType;
  irqSettingsSetTriggerMask(desc, type);
  data.clear(irqd.LEVEL);
  irqSettingsClear(desc, irqStatus.LEVEL);
  if ((type & irqType.LEVEL_MASK) !== 0) {
    irqSettingsSet(desc, irqStatus.LEVEL);
    data.set(irqd.LEVEL);
  }
  return 0;
}
