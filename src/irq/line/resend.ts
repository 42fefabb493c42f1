import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { IrqCore } from '../data/core.js';
import { IRQCHIP_STATE_PENDING } from '../data/irqchip.js';
import { irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { irqSetIrqchipState } from './irqchip-state.js';
import { irqs } from '../data/istate.js';
import { irqSettingsIsLevel, irqSettingsIsNestedThread } from '../data/settings.js';

/** kernel/irq/resend.c clear_irq_resend; older kernels forget a waiting resend only with the descriptor. */
export function clearIrqResend(desc: IrqDesc): void {
  if (desc.core.behaviour.resendOrder === 'lastFirst') desc.core.resend.remove(desc);
}

/**
 * Sends an interrupt again that came while it was disabled, or on request; by hardware if the chip can
 * (kernel/irq/resend.c check_irq_resend).
 */
export function checkIrqResend(desc: IrqDesc, inject: boolean): number {
  if (irqSettingsIsLevel(desc)) {
    desc.istate &= ~irqs.PENDING;
    return errnoValue('EINVAL');
  }
  if ((desc.istate & irqs.REPLAY) !== 0) return errnoValue('EBUSY');
  if ((desc.istate & irqs.PENDING) === 0 && !inject) return 0;
  desc.istate &= ~irqs.PENDING;
  const { data } = desc;
  const retriggered = data.chip.irqRetrigger ? data.chip.irqRetrigger(data) !== 0 : false;
  const err = retriggered ? 0 : irqSwResend(desc);
  if (err === 0) desc.istate |= irqs.REPLAY;
  return err;
}

/** A nested line has no flow handler to run: its parent's finds it again (kernel/irq/resend.c irq_sw_resend). */
function irqSwResend(desc: IrqDesc): number {
  if (desc.data.has(irqd.HANDLE_ENFORCE_IRQCTX)) return errnoValue('EINVAL');
  if (!irqSettingsIsNestedThread(desc)) {
    desc.core.resend.add(desc);
    return 0;
  }
  if (desc.cold.parentIrq === 0) return errnoValue('EINVAL');
  const parent = desc.core.desc(desc.cold.parentIrq);
  if (parent === undefined) return errnoValue('EINVAL');
  desc.core.resend.add(parent);
  return 0;
}

/** Fakes an interrupt, through the hardware if it can (kernel/irq/resend.c irq_inject_interrupt). */
export function irqInjectInterrupt(core: IrqCore, irq: Irq): number {
  if (irqSetIrqchipState(core, irq, IRQCHIP_STATE_PENDING, true) === 0) return 0;
  const desc = core.desc(irq);
  if (desc === undefined) return errnoValue('EINVAL');
  const { chip } = desc.data;
  chip.irqBusLock?.(desc.data);
  const possible = (desc.istate & irqs.NMI) === 0 && desc.data.has(irqd.ACTIVATED);
  const err = possible ? checkIrqResend(desc, true) : errnoValue('EINVAL');
  chip.irqBusSyncUnlock?.(desc.data);
  return err;
}
