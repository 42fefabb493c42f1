import { errnoValue } from '../../lib/errno.js';
import { IRQCHIP_STATE_ACTIVE } from '../../irq/data/irqchip.js';
import { type IrqChip, type IrqData, irqd } from '../../irq/data/irqdata.js';
import type { ChipHardware } from './chip-hardware.js';

/** Finds the hardware of a line. */
export type HardwareOf = (data: IrqData) => ChipHardware | undefined;

/**
 * A chip that does what `chip` does and, since devices are wired to its lines, tells their hardware what it lets through:
 * when it masks and unmasks, and when an interrupt is ended. It has the callbacks that `chip` has and no others, save
 * that it can tell whether a level is on its way to a CPU (arch/x86/kernel/apic/io_apic.c ioapic_irq_get_chip_state).
 */
export function wiredChip(chip: IrqChip, hardwareOf: HardwareOf): IrqChip {
  const wired: IrqChip = Object.create(chip);
  const { irqMask, irqUnmask, irqMaskAck, irqAck, irqEoi } = chip;
  const { irqDisable, irqEnable, irqShutdown, irqStartup } = chip;
  type Callback = (this: IrqChip, d: IrqData) => void;
  const after =
    (callback: Callback, told: (hardware: ChipHardware) => void): Callback =>
    (d) => {
      callback.call(chip, d);
      const hardware = hardwareOf(d);
      if (hardware !== undefined) told(hardware);
    };
  const masked = (hardware: ChipHardware): void => hardware.masked();
  const unmasked = (hardware: ChipHardware): void => hardware.unmasked();
  const ended = (hardware: ChipHardware): void => hardware.ended();
  if (irqMask) wired.irqMask = after(irqMask, masked);
  if (irqDisable) wired.irqDisable = after(irqDisable, masked);
  if (irqShutdown) wired.irqShutdown = after(irqShutdown, masked);
  if (irqUnmask) wired.irqUnmask = after(irqUnmask, unmasked);
  if (irqEnable) wired.irqEnable = after(irqEnable, unmasked);
  if (irqAck) wired.irqAck = after(irqAck, ended);
  if (irqEoi) wired.irqEoi = after(irqEoi, ended);
  if (irqMaskAck) {
    wired.irqMaskAck = after(irqMaskAck, (hardware) => {
      hardware.masked();
      hardware.ended();
    });
  }
  if (irqStartup) {
    wired.irqStartup = (d) => {
      const ret = irqStartup.call(chip, d);
      hardwareOf(d)?.unmasked();
      return ret;
    };
  }
  wired.irqGetIrqchipState = (d, which) => {
    const hardware = hardwareOf(d);
    if (which === IRQCHIP_STATE_ACTIVE && hardware !== undefined && d.has(irqd.LEVEL))
      return hardware.isActive;
    return chip.irqGetIrqchipState?.(d, which) ?? errnoValue('EINVAL');
  };
  return wired;
}
