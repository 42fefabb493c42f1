import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { isWatched } from '../../machine/step.js';
import { handleBadIrq } from '../line/badirq.js';
import type { IrqCore } from '../data/core.js';
import { irqType } from '../data/irqaction.js';
import { type IrqChip, irqd } from '../data/irqdata.js';
import { noIrqChip } from '../data/dummychip.js';
import type { IrqDesc, IrqFlowHandler } from '../data/irqdesc.js';
import {
  irqSettingsClear,
  irqSettingsIsPerCpuDevid,
  irqSettingsSet,
  irqSettingsTriggerMask,
  irqStatus,
  irqStatusModifiable,
} from '../data/settings.js';
import { chipBusLock, chipBusSyncUnlock, irqActivateAndStartup, maskAckIrq } from '../line/startup.js';
import { irqSetTrigger } from '../line/trigger.js';
import { warn, warnOnce } from '../messages/warn.js';

/** Gives a line its chip; null takes it away (kernel/irq/chip.c irq_set_chip). */
export function irqSetChip(core: IrqCore, irq: Irq, chip: IrqChip | null): number {
  const desc = core.desc(irq);
  if (desc === undefined) return errnoValue('EINVAL');
  desc.data.chip = chip ?? noIrqChip;
  return 0;
}

/** Gives a line its chip and flow handler (include/linux/irq.h irq_set_chip_and_handler_name). */
export function irqSetChipAndHandler(
  core: IrqCore,
  irq: Irq,
  chip: IrqChip | null,
  flow: IrqFlowHandler | null,
  flowName: string | null = null,
): void {
  irqSetChip(core, irq, chip);
  irqSetHandler(core, irq, flow, false, flowName);
}

/**
 * Installs a flow handler (kernel/irq/chip.c __irq_set_handler): null uninstalls; `chained` says that it feeds other
 * interrupts, so that the line starts at once and cannot be requested.
 */
export function irqSetHandler(
  core: IrqCore,
  irq: Irq,
  flow: IrqFlowHandler | null,
  chained: boolean,
  name: string | null,
): void {
  const desc = core.desc(irq);
  if (desc === undefined) return;
  chipBusLock(desc);
  doSetHandler(desc, flow ?? handleBadIrq, flow !== null, chained, name);
  chipBusSyncUnlock(desc);
}

/**
 * Without a flow handler nobody would ack or mask, so the line is masked and disabled first (kernel/irq/chip.c
 * __irq_do_set_handler).
 */
function doSetHandler(
  desc: IrqDesc,
  flow: IrqFlowHandler,
  installing: boolean,
  chained: boolean,
  name: string | null,
): void {
  const { core, data } = desc;
  if (installing && data.chip === noIrqChip) {
    warn(core, 'chip', '__irq_do_set_handler');
    return;
  }
  if (flow === handleBadIrq) {
    if (data.chip !== noIrqChip) maskAckIrq(desc);
    data.set(irqd.IRQ_DISABLED);
    if (chained) desc.action = undefined;
    desc.cold.depth = 1;
  }
  if (isWatched()) desc.cold.flowWord.announce();
  desc.handleIrq = flow;
  desc.cold.name = name;
  if (flow === handleBadIrq || !chained) return;
  const type = data.triggerType;
  if (type !== irqType.NONE) {
    irqSetTrigger(desc, type);
    desc.handleIrq = flow;
  }
  irqSettingsSet(desc, irqStatus.NOPROBE | irqStatus.NOREQUEST | irqStatus.NOTHREAD);
  desc.action = core.chainedAction;
  irqActivateAndStartup(desc, true);
}

/** Keeps `data` with the line for its flow handler (kernel/irq/chip.c irq_set_handler_data). */
export function irqSetHandlerData(core: IrqCore, irq: Irq, data: unknown): number {
  const desc = core.desc(irq);
  if (desc === undefined) return errnoValue('EINVAL');
  desc.data.handlerData = data;
  return 0;
}

/** Keeps `data` with the line for its chip (kernel/irq/chip.c irq_set_chip_data). */
export function irqSetChipData(core: IrqCore, irq: Irq, data: unknown): number {
  const desc = core.desc(irq);
  if (desc === undefined) return errnoValue('EINVAL');
  desc.data.chipData = data;
  return 0;
}

/** Sets the trigger type; 0 or a negative errno (kernel/irq/chip.c irq_set_irq_type). */
export function irqSetIrqType(core: IrqCore, irq: Irq, type: number): number {
  const desc = core.desc(irq);
  if (desc === undefined || irqSettingsIsPerCpuDevid(desc)) return errnoValue('EINVAL');
  chipBusLock(desc);
  const ret = irqSetTrigger(desc, type);
  chipBusSyncUnlock(desc);
  return ret;
}

/** Changes a line's settings and the state bits that follow from them (kernel/irq/chip.c irq_modify_status). */
export function irqModifyStatus(core: IrqCore, irq: Irq, clear: number, set: number): void {
  const desc = core.desc(irq);
  if (desc === undefined) return;
  const { data } = desc;
  if (desc.cold.depth === 0 && (set & irqStatus.NOAUTOEN) !== 0) warnOnce(core, 'chip', 'irq_modify_status');
  irqSettingsClear(desc, clear & irqStatusModifiable);
  // Where the chip decides about moving, there is no such setting.
  const { moveInProcessContext } = core.behaviour;
  const known =
    moveInProcessContext === 'chip' ? irqStatusModifiable & ~irqStatus.MOVE_PCNTXT : irqStatusModifiable;
  irqSettingsSet(desc, set & known);
  const before = data.triggerType;
  data.clear(irqd.NO_BALANCING | irqd.PER_CPU | irqd.TRIGGER_MASK | irqd.LEVEL | irqd.MOVE_PCNTXT);
  const { status } = desc;
  if ((status & irqStatus.NO_BALANCING) !== 0) data.set(irqd.NO_BALANCING);
  if ((status & irqStatus.PER_CPU) !== 0) data.set(irqd.PER_CPU);
  if ((status & irqStatus.MOVE_PCNTXT) !== 0) data.set(irqd.MOVE_PCNTXT);
  if ((status & irqStatus.LEVEL) !== 0) data.set(irqd.LEVEL);
  data.set(irqSettingsTriggerMask(desc) || before);
}

/** Sets bits of the line's status and leaves the others (include/linux/irq.h irq_set_status_flags). */
export function irqSetStatusFlags(core: IrqCore, irq: Irq, set: number): void {
  irqModifyStatus(core, irq, 0, set);
}

/** Clears bits of the line's status and leaves the others (include/linux/irq.h irq_clear_status_flags). */
export function irqClearStatusFlags(core: IrqCore, irq: Irq, clear: number): void {
  irqModifyStatus(core, irq, clear, 0);
}
