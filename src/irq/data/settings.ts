import type { IrqDesc } from './irqdesc.js';

/** Settings of a line that its owner chooses (include/linux/irq.h IRQ_*); the low four bits are the trigger type. */
export const irqStatus = {
  TYPE_SENSE_MASK: 0xf,
  LEVEL: 1 << 8,
  PER_CPU: 1 << 9,
  NOPROBE: 1 << 10,
  NOREQUEST: 1 << 11,
  NOAUTOEN: 1 << 12,
  NO_BALANCING: 1 << 13,
  MOVE_PCNTXT: 1 << 14,
  NESTED_THREAD: 1 << 15,
  NOTHREAD: 1 << 16,
  PER_CPU_DEVID: 1 << 17,
  IS_POLLED: 1 << 18,
  DISABLE_UNLAZY: 1 << 19,
  HIDDEN: 1 << 20,
  NO_DEBUG: 1 << 21,
} as const;

/** True if the line's handlers may be forced into threads. */
export function irqSettingsCanThread(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.NOTHREAD) === 0;
}

/** The settings that irq_modify_status may change (IRQF_MODIFY_MASK): all but NO_DEBUG. */
export const irqStatusModifiable =
  irqStatus.TYPE_SENSE_MASK |
  irqStatus.LEVEL |
  irqStatus.PER_CPU |
  irqStatus.NOPROBE |
  irqStatus.NOREQUEST |
  irqStatus.NOAUTOEN |
  irqStatus.NO_BALANCING |
  irqStatus.MOVE_PCNTXT |
  irqStatus.NESTED_THREAD |
  irqStatus.NOTHREAD |
  irqStatus.PER_CPU_DEVID |
  irqStatus.IS_POLLED |
  irqStatus.DISABLE_UNLAZY |
  irqStatus.HIDDEN;

export function irqSettingsIsPerCpu(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.PER_CPU) !== 0;
}

export function irqSettingsIsPerCpuDevid(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.PER_CPU_DEVID) !== 0;
}

export function irqSettingsIsLevel(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.LEVEL) !== 0;
}

export function irqSettingsCanRequest(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.NOREQUEST) === 0;
}

export function irqSettingsCanAutoenable(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.NOAUTOEN) === 0;
}

export function irqSettingsIsNestedThread(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.NESTED_THREAD) !== 0;
}

export function irqSettingsIsPolled(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.IS_POLLED) !== 0;
}

export function irqSettingsDisableUnlazy(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.DISABLE_UNLAZY) !== 0;
}

export function irqSettingsIsHidden(desc: IrqDesc): boolean {
  return (desc.status & irqStatus.HIDDEN) !== 0;
}

export function irqSettingsSet(desc: IrqDesc, bits: number): void {
  desc.status |= bits;
}

export function irqSettingsClear(desc: IrqDesc, bits: number): void {
  desc.status &= ~bits;
}

export function irqSettingsTriggerMask(desc: IrqDesc): number {
  return desc.status & irqStatus.TYPE_SENSE_MASK;
}

export function irqSettingsSetTriggerMask(desc: IrqDesc, type: number): void {
  desc.status = (desc.status & ~irqStatus.TYPE_SENSE_MASK) | (type & irqStatus.TYPE_SENSE_MASK);
}
