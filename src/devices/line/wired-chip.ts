import { errnoValue } from '../../lib/errno.js';
import { IRQCHIP_STATE_ACTIVE } from '../../irq/data/irqchip.js';
import type { IrqChip, IrqData } from '../../irq/data/irqdata.js';
import type { Wire } from './wire.js';

/** Finds the wire of a line. */
export type WireOf = (data: IrqData) => Wire | undefined;

/**
 * A chip that does what `chip` does and, since devices are wired to its lines, tells their wires what it lets through:
 * when it masks and unmasks, and when an interrupt is ended. It has the callbacks that `chip` has and no others, save
 * that it can tell whether a level is on its way to a CPU (arch/x86/kernel/apic/io_apic.c ioapic_irq_get_chip_state).
 */
export function wiredChip(chip: IrqChip, wireOf: WireOf): IrqChip {
  const wired: IrqChip = Object.create(chip);
  const { irqMask, irqUnmask, irqMaskAck, irqAck, irqEoi } = chip;
  const { irqDisable, irqEnable, irqShutdown, irqStartup } = chip;
  type Callback = (this: IrqChip, d: IrqData) => void;
  const after =
    (callback: Callback, told: (wire: Wire) => void): Callback =>
    (d) => {
      callback.call(chip, d);
      const wire = wireOf(d);
      if (wire !== undefined) told(wire);
    };
  const masked = (wire: Wire): void => wire.masked();
  const unmasked = (wire: Wire): void => wire.unmasked();
  const ended = (wire: Wire): void => wire.ended();
  if (irqMask) wired.irqMask = after(irqMask, masked);
  if (irqDisable) wired.irqDisable = after(irqDisable, masked);
  if (irqShutdown) wired.irqShutdown = after(irqShutdown, masked);
  if (irqUnmask) wired.irqUnmask = after(irqUnmask, unmasked);
  if (irqEnable) wired.irqEnable = after(irqEnable, unmasked);
  if (irqAck) wired.irqAck = after(irqAck, ended);
  if (irqEoi) wired.irqEoi = after(irqEoi, ended);
  if (irqMaskAck) {
    wired.irqMaskAck = after(irqMaskAck, (wire) => {
      wire.masked();
      wire.ended();
    });
  }
  if (irqStartup) {
    wired.irqStartup = (d) => {
      const ret = irqStartup.call(chip, d);
      wireOf(d)?.unmasked();
      return ret;
    };
  }
  wired.irqGetIrqchipState = (d, which) => {
    const wire = wireOf(d);
    if (which === IRQCHIP_STATE_ACTIVE && wire?.isLevel) return wire.isActive;
    return chip.irqGetIrqchipState?.(d, which) ?? errnoValue('EINVAL');
  };
  return wired;
}
