import { errnoValue } from '../../lib/errno.js';
import type { CpuMask } from '../../machine/cpumask.js';
import { irqchipFlags, type IrqchipState } from '../data/irqchip.js';
import type { IrqData } from '../data/irqdata.js';

// For chips of a hierarchy: has the next chip on the way to the CPU do it (kernel/irq/chip.c irq_chip_*_parent). Each
// bears the kernel's name, so a chip is made of them as in the kernel: `irqEoi: irqChipEoiParent`.

/** The line's next level. @throws Error if there is none; the kernel would crash. */
function parentOf(d: IrqData): IrqData {
  if (d.parentData === null) throw new Error(`IRQ ${d.irq}: ${d.domain?.name ?? 'no domain'} has no parent`);
  return d.parentData;
}

/** A chip without startup has the line enabled. */
export function irqChipStartupParent(d: IrqData): number {
  const parent = parentOf(d);
  if (parent.chip.irqStartup) return parent.chip.irqStartup(parent);
  irqChipEnableParent(d);
  return 0;
}

/** A chip without shutdown has the line disabled. */
export function irqChipShutdownParent(d: IrqData): void {
  const parent = parentOf(d);
  if (parent.chip.irqShutdown) parent.chip.irqShutdown(parent);
  else irqChipDisableParent(d);
}

/** A chip without enable has the line unmasked. */
export function irqChipEnableParent(d: IrqData): void {
  const parent = parentOf(d);
  if (parent.chip.irqEnable) parent.chip.irqEnable(parent);
  else parent.chip.irqUnmask?.(parent);
}

/** A chip without disable has the line masked. */
export function irqChipDisableParent(d: IrqData): void {
  const parent = parentOf(d);
  if (parent.chip.irqDisable) parent.chip.irqDisable(parent);
  else parent.chip.irqMask?.(parent);
}

export function irqChipAckParent(d: IrqData): void {
  const parent = parentOf(d);
  parent.chip.irqAck?.(parent);
}

export function irqChipMaskParent(d: IrqData): void {
  const parent = parentOf(d);
  parent.chip.irqMask?.(parent);
}

export function irqChipMaskAckParent(d: IrqData): void {
  const parent = parentOf(d);
  parent.chip.irqMaskAck?.(parent);
}

export function irqChipUnmaskParent(d: IrqData): void {
  const parent = parentOf(d);
  parent.chip.irqUnmask?.(parent);
}

export function irqChipEoiParent(d: IrqData): void {
  const parent = parentOf(d);
  parent.chip.irqEoi?.(parent);
}

/** What the parent's setter answers, ENOSYS if it has none. */
export function irqChipSetAffinityParent(d: IrqData, dest: CpuMask, force: boolean): number {
  const parent = parentOf(d);
  return parent.chip.irqSetAffinity?.(parent, dest, force) ?? errnoValue('ENOSYS');
}

/** What the parent's setter answers, ENOSYS if it has none. */
export function irqChipSetTypeParent(d: IrqData, type: number): number {
  const parent = parentOf(d);
  return parent.chip.irqSetType?.(parent, type) ?? errnoValue('ENOSYS');
}

/** 0 where the parent needs no call (SKIP_SET_WAKE), ENOSYS if it has none. */
export function irqChipSetWakeParent(d: IrqData, on: boolean): number {
  const parent = parentOf(d);
  if (((parent.chip.flags ?? 0) & irqchipFlags.SKIP_SET_WAKE) !== 0) return 0;
  return parent.chip.irqSetWake?.(parent, on) ?? errnoValue('ENOSYS');
}

/** The first chip below that can send the interrupt again does it; 0 if none can. */
export function irqChipRetriggerHierarchy(d: IrqData): number {
  for (let data = d.parentData; data !== null; data = data.parentData) {
    if (data.chip.irqRetrigger) return data.chip.irqRetrigger(data);
  }
  return 0;
}

/** 0 where nobody below keeps such a state. */
export function irqChipSetParentState(d: IrqData, which: IrqchipState, state: boolean): number {
  const parent = d.parentData;
  return parent?.chip.irqSetIrqchipState?.(parent, which, state) ?? 0;
}

/** False where nobody below keeps such a state. */
export function irqChipGetParentState(d: IrqData, which: IrqchipState): boolean | number {
  const parent = d.parentData;
  return parent?.chip.irqGetIrqchipState?.(parent, which) ?? false;
}

/** 0 if the parent needs no resources. */
export function irqChipRequestResourcesParent(d: IrqData): number {
  const parent = parentOf(d);
  return parent.chip.irqRequestResources?.(parent) ?? 0;
}

export function irqChipReleaseResourcesParent(d: IrqData): void {
  const parent = parentOf(d);
  parent.chip.irqReleaseResources?.(parent);
}

/** ENOSYS if the parent cannot have its interrupts go to virtual CPUs. */
export function irqChipSetVcpuAffinityParent(d: IrqData, vcpuInfo: unknown): number {
  const parent = parentOf(d);
  return parent.chip.irqSetVcpuAffinity?.(parent, vcpuInfo) ?? errnoValue('ENOSYS');
}
