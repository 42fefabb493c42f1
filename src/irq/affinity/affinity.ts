import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { Procedure } from '../../machine/step.js';
import { cpusOfNode } from '../../machine/topology.js';
import type { IrqCore } from '../data/core.js';
import {
  irqchipFlags,
  IRQ_SET_MASK_OK,
  IRQ_SET_MASK_OK_DONE,
  IRQ_SET_MASK_OK_NOCOPY,
} from '../data/irqchip.js';
import { type IrqData, irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import type { IrqAffinityNotify } from '../data/irqdesc-cold.js';
import { irqSettingsIsPerCpuDevid } from '../data/settings.js';
import { printkOnce } from '../messages/warn.js';

/** True if the line's affinity can be set at all (kernel/irq/manage.c irq_can_set_affinity). */
export function irqCanSetAffinity(desc: IrqDesc): boolean {
  return desc.data.canBalance && desc.data.chip.irqSetAffinity !== undefined;
}

/** True if user space may set the affinity (kernel/irq/manage.c irq_can_set_affinity_usr). */
export function irqCanSetAffinityUsr(desc: IrqDesc): boolean {
  return irqCanSetAffinity(desc) && !desc.data.has(irqd.AFFINITY_MANAGED);
}

/** True if the affinity may change at once, not with the next interrupt (internals.h irq_can_move_pcntxt). */
export function irqCanMovePcntxt(d: IrqData): boolean {
  if (d.desc.core.behaviour.moveInProcessContext === 'status') return d.has(irqd.MOVE_PCNTXT);
  return ((d.chip.flags ?? 0) & irqchipFlags.MOVE_DEFERRED) === 0;
}

/**
 * Gives the affinity to the chip (kernel/irq/manage.c irq_do_set_affinity): `mask` without CPUs that are offline,
 * and for managed interrupts without isolated ones as long as that leaves an online CPU. The line's mask becomes
 * the whole `mask`.
 */
export function irqDoSetAffinity(d: IrqData, mask: CpuMask, force: boolean): number {
  const { chip } = d;
  if (!chip.irqSetAffinity) return errnoValue('EINVAL');
  let ret: number;
  if (force) {
    ret = chip.irqSetAffinity(d, mask, true);
  } else {
    const dest = programmedMask(d, mask);
    ret = dest.isEmpty ? errnoValue('EINVAL') : chip.irqSetAffinity(d, dest, false);
  }
  switch (ret) {
    case IRQ_SET_MASK_OK:
    case IRQ_SET_MASK_OK_DONE:
      d.affinity.copyFrom(mask);
      validateEffectiveAffinity(d);
      return 0;
    case IRQ_SET_MASK_OK_NOCOPY:
      validateEffectiveAffinity(d);
      return 0;
    default:
      return ret;
  }
}

function programmedMask(d: IrqData, mask: CpuMask): CpuMask {
  const { online, isolated } = d.desc.core.machine;
  const present = mask.and(online);
  if (!d.has(irqd.AFFINITY_MANAGED) || isolated.isEmpty) return present;
  const housekeeping = present.andNot(isolated);
  return housekeeping.isEmpty ? present : housekeeping;
}

/**
 * Hotplug goes by where interrupts really go, so a chip that does not say where is complained of, once
 * (kernel/irq/manage.c irq_validate_effective_affinity).
 */
function validateEffectiveAffinity(d: IrqData): void {
  if (!d.effectiveAffinity.isEmpty) return;
  const text = `irq_chip ${d.chip.name ?? '(null)'} did not update eff. affinity mask of irq ${d.irq}`;
  printkOnce(d.desc.core, 'eff. affinity', `genirq: ${text}`);
}

/** Sets the affinity when a line starts (kernel/irq/manage.c irq_setup_affinity). */
export function irqSetupAffinity(desc: IrqDesc): number {
  const { core, data } = desc;
  const { online, topology } = core.machine;
  if (!irqCanSetAffinity(desc)) return 0;
  let wanted = core.defaultAffinity;
  if (data.has(irqd.AFFINITY_MANAGED | irqd.AFFINITY_SET)) {
    if (data.affinity.intersects(online)) wanted = data.affinity;
    else data.clear(irqd.AFFINITY_SET);
  }
  let mask = wanted.and(online);
  if (mask.isEmpty) mask = online.clone();
  if (data.node >= 0) {
    const near = mask.clone();
    near.clearAll();
    for (const cpu of cpusOfNode(topology, data.node)) if (mask.has(cpu)) near.set(cpu);
    if (!near.isEmpty) mask = near;
  }
  return irqDoSetAffinity(data, mask, false);
}

/** Moves the line at once if that is safe in process context, else when it comes next (irq_set_affinity_locked). */
export function irqSetAffinityLocked(desc: IrqDesc, mask: CpuMask, force: boolean): number {
  const d = desc.data;
  let ret = 0;
  if (!d.chip.irqSetAffinity) return errnoValue('EINVAL');
  if (setAffinityDeactivated(d, mask)) return 0;
  if (irqCanMovePcntxt(d) && !d.has(irqd.SETAFFINITY_PENDING)) {
    ret = irqDoSetAffinity(d, mask, force);
    if (ret === errnoValue('EBUSY') && !force) {
      setAffinityPending(desc, mask);
      ret = 0;
    }
  } else {
    setAffinityPending(desc, mask);
  }
  if (desc.cold.affinityNotify) scheduleNotify(desc);
  d.set(irqd.AFFINITY_SET);
  return ret;
}

/** A line that takes its affinity at activation only stores it until then (irq_set_affinity_deactivated). */
function setAffinityDeactivated(d: IrqData, mask: CpuMask): boolean {
  if (d.has(irqd.ACTIVATED) || !d.has(irqd.AFFINITY_ON_ACTIVATE)) return false;
  d.affinity.copyFrom(mask);
  d.effectiveAffinity.copyFrom(mask);
  d.set(irqd.AFFINITY_SET);
  return true;
}

function setAffinityPending(desc: IrqDesc, mask: CpuMask): void {
  desc.data.set(irqd.SETAFFINITY_PENDING);
  desc.cold.pendingMask.copyFrom(mask);
}

function scheduleNotify(desc: IrqDesc): void {
  const { machine } = desc.core;
  machine.spawn(`affinity notify of IRQ ${desc.irq}`, notifyWork(desc));
}

/** Told is the affinity of when this runs, not of when it was queued (kernel/irq/manage.c irq_affinity_notify). */
function* notifyWork(desc: IrqDesc): Procedure<void> {
  const pending = desc.data.has(irqd.SETAFFINITY_PENDING);
  desc.cold.affinityNotify?.notify(desc.irq, (pending ? desc.cold.pendingMask : desc.data.affinity).clone());
}

/** Finds the line and moves it under desc->lock; 0 or a negative errno (kernel/irq/manage.c __irq_set_affinity). */
function* setAffinitySteps(core: IrqCore, irq: Irq, mask: CpuMask, force: boolean): Procedure<number> {
  const desc = core.desc(irq);
  if (desc === undefined) return errnoValue('EINVAL');
  const cpu = core.machine.runningCpu;
  yield* desc.lock.spinLockIrqsave(cpu);
  const ret = irqSetAffinityLocked(desc, mask, force);
  yield* desc.lock.spinUnlockIrqrestore(cpu);
  return ret;
}

/** Generated by `npm run twins`: `setAffinitySteps` in one go. */
function setAffinity(core: IrqCore, irq: Irq, mask: CpuMask, force: boolean): number {
  const desc = core.desc(irq);
  if (desc === undefined) return errnoValue('EINVAL');
  const ret = irqSetAffinityLocked(desc, mask, force);
  return ret;
}

/** Routes an interrupt to the CPUs of `mask`; 0 or a negative errno (kernel/irq/manage.c irq_set_affinity). */
export function irqSetAffinitySteps(core: IrqCore, irq: Irq, mask: CpuMask): Procedure<number> {
  return setAffinitySteps(core, irq, mask, false);
}

/** Generated by `npm run twins`: `irqSetAffinitySteps` in one go. */
export function irqSetAffinity(core: IrqCore, irq: Irq, mask: CpuMask): number {
  return setAffinity(core, irq, mask, false);
}

/** As irqSetAffinity, without asking whether the CPUs are online (kernel/irq/manage.c irq_force_affinity). */
export function irqForceAffinitySteps(core: IrqCore, irq: Irq, mask: CpuMask): Procedure<number> {
  return setAffinitySteps(core, irq, mask, true);
}

/** Generated by `npm run twins`: `irqForceAffinitySteps` in one go. */
export function irqForceAffinity(core: IrqCore, irq: Irq, mask: CpuMask): number {
  return setAffinity(core, irq, mask, true);
}

/** Tells user space which CPUs would be best; null: none (kernel/irq/manage.c irq_update_affinity_hint). */
export function irqUpdateAffinityHintSteps(core: IrqCore, irq: Irq, mask: CpuMask | null): Procedure<number> {
  return applyHintSteps(core, irq, mask, false);
}

/** Generated by `npm run twins`: `irqUpdateAffinityHintSteps` in one go. */
export function irqUpdateAffinityHint(core: IrqCore, irq: Irq, mask: CpuMask | null): number {
  return applyHint(core, irq, mask, false);
}

/** The hint, and the affinity set to it; an error of the latter is not told (irq_set_affinity_and_hint). */
export function irqSetAffinityAndHintSteps(core: IrqCore, irq: Irq, mask: CpuMask | null): Procedure<number> {
  return applyHintSteps(core, irq, mask, true);
}

/** Generated by `npm run twins`: `irqSetAffinityAndHintSteps` in one go. */
export function irqSetAffinityAndHint(core: IrqCore, irq: Irq, mask: CpuMask | null): number {
  return applyHint(core, irq, mask, true);
}

/** A hint is for user space; only `set` has the kernel follow it (kernel/irq/manage.c __irq_apply_affinity_hint). */
function* applyHintSteps(core: IrqCore, irq: Irq, mask: CpuMask | null, set: boolean): Procedure<number> {
  const desc = core.desc(irq);
  if (desc === undefined || irqSettingsIsPerCpuDevid(desc)) return errnoValue('EINVAL');
  const cpu = core.machine.runningCpu;
  yield* desc.lock.spinLockIrqsave(cpu);
  desc.cold.affinityHint = mask;
  yield* desc.lock.spinUnlockIrqrestore(cpu);
  if (mask && set) yield* setAffinitySteps(core, irq, mask, false);
  return 0;
}

/** Generated by `npm run twins`: `applyHintSteps` in one go. */
function applyHint(core: IrqCore, irq: Irq, mask: CpuMask | null, set: boolean): number {
  const desc = core.desc(irq);
  if (desc === undefined || irqSettingsIsPerCpuDevid(desc)) return errnoValue('EINVAL');
  desc.cold.affinityHint = mask;
  if (mask && set) setAffinity(core, irq, mask, false);
  return 0;
}

/** Has `notify` called after affinity changes; null: nobody (kernel/irq/manage.c irq_set_affinity_notifier). */
export function* irqSetAffinityNotifierSteps(
  core: IrqCore,
  irq: Irq,
  notify: IrqAffinityNotify | null,
): Procedure<number> {
  const desc = core.desc(irq);
  if (desc === undefined) return errnoValue('EINVAL');
  const cpu = core.machine.runningCpu;
  yield* desc.lock.spinLockIrqsave(cpu);
  desc.cold.affinityNotify = notify;
  yield* desc.lock.spinUnlockIrqrestore(cpu);
  return 0;
}

/** Generated by `npm run twins`: `irqSetAffinityNotifierSteps` in one go. */
export function irqSetAffinityNotifier(core: IrqCore, irq: Irq, notify: IrqAffinityNotify | null): number {
  const desc = core.desc(irq);
  if (desc === undefined) return errnoValue('EINVAL');
  desc.cold.affinityNotify = notify;
  return 0;
}
