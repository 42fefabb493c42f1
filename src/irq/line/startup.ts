import type { CpuMask } from '../../machine/cpumask.js';
import { irqDoSetAffinity, irqSetupAffinity } from '../affinity/affinity.js';
import { irqchipFlags } from '../data/irqchip.js';
import { type IrqData, irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { checkIrqResend, clearIrqResend } from './resend.js';
import { irqSettingsDisableUnlazy } from '../data/settings.js';
import { warn, warnOnce } from '../messages/warn.js';

/** From here on a chip behind a slow bus only collects what it is asked for (kernel/irq/internals.h chip_bus_lock). */
export function chipBusLock(desc: IrqDesc): void {
  const { chip } = desc.data;
  if (chip.irqBusLock) chip.irqBusLock(desc.data);
}

/** Has the chip do what it has collected, where it may sleep (kernel/irq/internals.h chip_bus_sync_unlock). */
export function chipBusSyncUnlock(desc: IrqDesc): void {
  const { chip } = desc.data;
  if (chip.irqBusSyncUnlock) chip.irqBusSyncUnlock(desc.data);
}

/** Keeps the line's interrupts from coming; the chip is asked only if it has not been (kernel/irq/chip.c mask_irq). */
export function maskIrq(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  if ((data.state & irqd.IRQ_MASKED) !== 0) return;
  if (chip.irqMask) {
    chip.irqMask(data);
    data.state |= irqd.IRQ_MASKED;
  }
}

/** Masks before the ack, or a level that is still high would raise the interrupt again at once (mask_ack_irq). */
export function maskAckIrq(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  if (chip.irqMaskAck) {
    chip.irqMaskAck(data);
    data.state |= irqd.IRQ_MASKED;
  } else {
    maskIrq(desc);
    if (chip.irqAck) chip.irqAck(data);
  }
}

/** Undoes maskIrq (kernel/irq/chip.c unmask_irq). */
export function unmaskIrq(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  if ((data.state & irqd.IRQ_MASKED) === 0) return;
  if (chip.irqUnmask) {
    chip.irqUnmask(data);
    data.state &= ~irqd.IRQ_MASKED;
  }
}

/** A chip with EOI_THREADED hears of the interrupt's end only now that its thread is done (unmask_threaded_irq). */
export function unmaskThreadedIrq(desc: IrqDesc): void {
  const { chip } = desc.data;
  if (((chip.flags ?? 0) & irqchipFlags.EOI_THREADED) !== 0) chip.irqEoi?.(desc.data);
  unmaskIrq(desc);
}

/** Ends a disable. Even a line that is enabled may be masked, by its flow handler (kernel/irq/chip.c irq_enable). */
export function irqEnable(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  if (!data.has(irqd.IRQ_DISABLED)) {
    unmaskIrq(desc);
    return;
  }
  data.clear(irqd.IRQ_DISABLED);
  if (chip.irqEnable) {
    chip.irqEnable(data);
    data.clear(irqd.IRQ_MASKED);
  } else {
    unmaskIrq(desc);
  }
}

/** Without a chip's own disable the line is only marked; it is masked when it fires (kernel/irq/chip.c irq_disable). */
export function irqDisable(desc: IrqDesc): void {
  disable(desc, irqSettingsDisableUnlazy(desc));
}

/** @param mask mask it too, though the chip has no disable of its own (kernel/irq/chip.c __irq_disable). */
function disable(desc: IrqDesc, mask: boolean): void {
  const { data } = desc;
  const { chip } = data;
  if (data.has(irqd.IRQ_DISABLED)) {
    if (mask) maskIrq(desc);
    return;
  }
  data.set(irqd.IRQ_DISABLED);
  if (chip.irqDisable) {
    chip.irqDisable(data);
    data.set(irqd.IRQ_MASKED);
  } else if (mask) {
    maskIrq(desc);
  }
}

/** kernel/irq/irqdomain.c irq_domain_activate_irq; 0 or a negative errno. The model has no hierarchies. */
function domainActivate(d: IrqData): number {
  if (d.has(irqd.ACTIVATED)) return 0;
  const ret = d.domain?.activate(d) ?? 0;
  if (ret === 0) d.set(irqd.ACTIVATED);
  return ret;
}

/** Gives back what the line holds of its controller, such as a vector (irq_domain_deactivate_irq). */
export function irqDomainDeactivateIrq(d: IrqData): void {
  if (!d.has(irqd.ACTIVATED)) return;
  d.domain?.deactivate(d);
  d.clear(irqd.ACTIVATED);
}

/** Managed lines are activated when they start (kernel/irq/chip.c irq_activate). */
export function irqActivate(desc: IrqDesc): number {
  return desc.data.has(irqd.AFFINITY_MANAGED) ? 0 : domainActivate(desc.data);
}

/** Starts a line for its first action, an enable, or a CPU that came back (kernel/irq/chip.c irq_startup). */
export function irqStartup(desc: IrqDesc, resend: boolean, force: boolean): number {
  const { data } = desc;
  let ret = 0;
  desc.cold.depth = 0;
  if (data.has(irqd.IRQ_STARTED)) {
    irqEnable(desc);
  } else {
    switch (startupManaged(desc, data.affinity, force)) {
      case 'normal': {
        const before = ((data.chip.flags ?? 0) & irqchipFlags.AFFINITY_PRE_STARTUP) !== 0;
        if (before) irqSetupAffinity(desc);
        ret = startLine(desc);
        if (!before) irqSetupAffinity(desc);
        break;
      }
      case 'managed':
        irqDoSetAffinity(data, data.affinity, false);
        ret = startLine(desc);
        break;
      case 'abort':
        if (desc.core.behaviour.managedKeepsDisableDepth) desc.cold.depth = 1;
        data.set(irqd.MANAGED_SHUTDOWN);
        return 0;
    }
  }
  if (resend) checkIrqResend(desc, false);
  return ret;
}

/** kernel/irq/chip.c __irq_startup_managed: whether the line may start, and which way. */
function startupManaged(desc: IrqDesc, affinity: CpuMask, force: boolean): 'normal' | 'managed' | 'abort' {
  const { core, data } = desc;
  if (!data.has(irqd.AFFINITY_MANAGED)) return 'normal';
  data.clear(irqd.MANAGED_SHUTDOWN);
  if (!affinity.intersects(core.machine.online)) {
    if (force) warnOnce(core, 'chip', 'irq_startup', undefined, 'managed without CPU');
    return 'abort';
  }
  if (domainActivate(data) !== 0) {
    warn(core, 'chip', 'irq_startup');
    return 'abort';
  }
  return 'managed';
}

/** The chip's own startup both enables and unmasks (kernel/irq/chip.c __irq_startup). */
function startLine(desc: IrqDesc): number {
  const { data } = desc;
  const { chip } = data;
  let ret = 0;
  if (!data.has(irqd.ACTIVATED)) warnOnce(desc.core, 'chip', '__irq_startup');
  if (chip.irqStartup) {
    ret = chip.irqStartup(data);
    data.clear(irqd.IRQ_DISABLED | irqd.IRQ_MASKED);
  } else {
    irqEnable(desc);
  }
  data.set(irqd.IRQ_STARTED);
  return ret;
}

/**
 * Starts a managed line whose CPU came back, unless its driver has disabled it as well (kernel/irq/chip.c
 * irq_startup_managed, kernels that keep the depth).
 */
export function irqStartupManaged(desc: IrqDesc): void {
  if (desc.core.behaviour.managedRestartsOnce) desc.data.clear(irqd.MANAGED_SHUTDOWN);
  desc.cold.depth -= 1;
  if (desc.cold.depth === 0) irqStartup(desc, true, false);
}

/** For chained lines, which nobody requests (kernel/irq/chip.c irq_activate_and_startup). */
export function irqActivateAndStartup(desc: IrqDesc, resend: boolean): void {
  if (irqActivate(desc) !== 0) warn(desc.core, 'chip', 'irq_activate_and_startup');
  else irqStartup(desc, resend, true);
}

/** Stops a line after its last action (kernel/irq/chip.c irq_shutdown). */
export function irqShutdown(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  if (!data.has(irqd.IRQ_STARTED)) return;
  clearIrqResend(desc);
  if (desc.core.behaviour.managedKeepsDisableDepth) desc.cold.depth += 1;
  else desc.cold.depth = 1;
  if (chip.irqShutdown) {
    chip.irqShutdown(data);
    data.set(irqd.IRQ_DISABLED | irqd.IRQ_MASKED);
  } else {
    disable(desc, true);
  }
  data.clear(irqd.IRQ_STARTED);
}

/** For a managed line whose CPUs are all gone: it must hold nothing of them (irq_shutdown_and_deactivate). */
export function irqShutdownAndDeactivate(desc: IrqDesc): void {
  irqShutdown(desc);
  irqDomainDeactivateIrq(desc.data);
}
