import type { CpuId } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Cpu } from '../../machine/cpu.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import { cpuhpPlace } from '../../machine/hotplug.js';
import type { Procedure } from '../../machine/step.js';
import { irqCanMovePcntxt, irqDoSetAffinity, irqSetAffinityLocked } from '../affinity/affinity.js';
import type { IrqCore } from '../data/core.js';
import { type IrqData, irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { irqs } from '../data/istate.js';
import { irqFixupMovePending } from '../affinity/migration.js';
import { irqShutdownAndDeactivate, irqStartup, irqStartupManaged } from '../line/startup.js';

/** Has interrupts moved when CPUs come and go. */
export function registerIrqHotplug(core: IrqCore): void {
  const { hotplug } = core.machine;
  const { lock } = core.sparseIrqs;
  hotplug.registerHeld({ hold: () => lock.mutexLock(), letGo: () => lock.mutexUnlock() });
  hotplug.registerDying({ dying: (cpu) => irqMigrateAllOffThisCpu(core, cpu.id) });
  hotplug.numbersOf = core.behaviour.cpuhpStates;
  hotplug.register({
    name: 'irq/affinity:online',
    functions: { startup: 'irq_affinity_online_cpu' },
    place: cpuhpPlace.irqAffinityOnline,
    startup: (cpu) => onlineCpu(core, cpu),
  });
}

/**
 * Moves all interrupts away from `cpu`, which is no longer in the online mask (irq_migrate_all_off_this_cpu). All CPUs
 * stand still, so nobody holds the lines' locks: the model does not take them one by one.
 */
function irqMigrateAllOffThisCpu(core: IrqCore, cpu: CpuId): void {
  for (const desc of core.descs()) {
    desc.announce();
    if (!migrateOneIrq(core, desc, cpu)) continue;
    if (core.behaviour.notifiesBrokenAffinity) desc.cold.affinityNotify?.schedule();
    if (core.debugHotplug) core.machine.log.prDebug(`IRQ ${desc.irq}: no longer affine to CPU${cpu}`);
  }
}

/**
 * Moves a line whose interrupts come to `cpu`, which nobody will be able to take there (kernel/irq/cpuhotplug.c
 * migrate_one_irq): to the CPUs of its affinity that are left; if none is, to any online one, against what its user
 * asked for. A managed line rather sleeps until one of its CPUs is back.
 *
 * @returns true if the line's affinity had to be broken.
 */
function migrateOneIrq(core: IrqCore, desc: IrqDesc, cpu: CpuId): boolean {
  const { data } = desc;
  const { chip } = data;
  const { online } = core.machine;
  const mustMask = !irqCanMovePcntxt(data) && !data.has(irqd.IRQ_MASKED);
  if (!chip.irqSetAffinity) {
    if (core.debugHotplug) core.machine.log.prDebug(`IRQ ${desc.irq}: Unable to migrate away`);
    return false;
  }
  forceCompleteMove(data);
  if (data.has(irqd.PER_CPU) || !data.has(irqd.IRQ_STARTED) || !needsFixup(data, cpu)) {
    irqFixupMovePending(desc, false);
    return false;
  }
  let affinity = irqFixupMovePending(desc, true) ? desc.cold.pendingMask : data.affinity;
  let broken = false;
  if (mustMask) chip.irqMask?.(data);
  if (!affinity.intersects(online)) {
    if (data.has(irqd.AFFINITY_MANAGED)) {
      data.set(irqd.MANAGED_SHUTDOWN);
      irqShutdownAndDeactivate(desc);
      return false;
    }
    affinity = online;
    broken = true;
  }
  let err = irqDoSetAffinity(data, affinity, false);
  if (err === errnoValue('ENOSPC') && affinity !== online && mayRetryOnline(data)) {
    if (core.debugHotplug) {
      core.machine.log.prDebug(
        `IRQ${desc.irq}: set affinity failed for ${formatCpuList(affinity)}, re-try with online CPUs`,
      );
    }
    broken = true;
    err = irqDoSetAffinity(data, online, false);
  }
  if (err !== 0) {
    if (core.ratelimits.allows('migrate_one_irq')) {
      core.machine.log.prWarn(`IRQ${desc.irq}: set affinity failed(${err}).`);
    }
    broken = false;
  }
  if (mustMask) chip.irqUnmask?.(data);
  return broken;
}

/** The first chip that knows of moves under way ends this one (kernel/irq/migration.c irq_force_complete_move). */
function forceCompleteMove(outermost: IrqData): void {
  for (let d: IrqData | null = outermost; d !== null; d = d.parentData) {
    if (d.chip.irqForceCompleteMove === undefined) continue;
    d.chip.irqForceCompleteMove(d);
    return;
  }
}

function mayRetryOnline(d: IrqData): boolean {
  return d.desc.core.behaviour.migrationRetriesOnline && !d.has(irqd.AFFINITY_MANAGED);
}

/**
 * True if the line's interrupts come to `cpu`; what the chip says of them counts, as the affinity may be wider
 * (kernel/irq/cpuhotplug.c irq_needs_fixup).
 */
function needsFixup(d: IrqData, cpu: CpuId): boolean {
  const { machine } = d.desc.core;
  const mask = d.effectiveAffinity.isEmpty ? d.affinity : d.effectiveAffinity;
  const others = mask.weight - (mask.has(cpu) ? 1 : 0);
  if (others > 0 && !mask.intersects(machine.online)) {
    machine.log.prWarn(
      `Eff. affinity ${formatCpuList(mask)} of IRQ ${d.irq} contains only offline CPUs after offlining CPU ${cpu}`,
    );
    return true;
  }
  return mask.has(cpu);
}

/**
 * Restores managed interrupts whose CPU comes back, on that CPU (irq_affinity_online_cpu). No line goes meanwhile, and
 * none comes.
 */
function* onlineCpu(core: IrqCore, cpu: Cpu): Procedure<void> {
  const { machine, sparseIrqs } = core;
  yield* sparseIrqs.lock.mutexLock();
  for (const desc of core.descs()) {
    const { runningCpu } = machine;
    yield* desc.lock.spinLockIrqsave(runningCpu);
    // In Linux the new CPU's own thread does this.
    machine.thisCpu = cpu.id;
    restoreAffinity(desc, cpu.id);
    machine.thisCpu = runningCpu.id;
    yield* desc.lock.spinUnlockIrqrestore(runningCpu);
  }
  yield* sparseIrqs.lock.mutexUnlock();
}

/** Only managed lines come back: the others' users may have moved them meanwhile (irq_restore_affinity_of_irq). */
function restoreAffinity(desc: IrqDesc, cpu: CpuId): void {
  const { core, data } = desc;
  const { behaviour } = core;
  if (!data.has(irqd.AFFINITY_MANAGED) || desc.action === undefined || !data.affinity.has(cpu)) return;
  if ((desc.istate & irqs.SUSPENDED) !== 0) return;
  if (data.has(irqd.MANAGED_SHUTDOWN)) {
    if (behaviour.managedKeepsDisableDepth) irqStartupManaged(desc);
    else irqStartup(desc, true, false);
    if (!behaviour.managedRestartSetsAffinity) return;
  }
  if (!data.has(irqd.SINGLE_TARGET) || isolationWantsBack(desc, cpu)) {
    irqSetAffinityLocked(desc, data.affinity, false);
  }
}

/** kernel/irq/cpuhotplug.c hk_should_isolate: the interrupt is on an isolated CPU and `cpu` is not isolated. */
function isolationWantsBack(desc: IrqDesc, cpu: CpuId): boolean {
  const { isolated } = desc.core.machine;
  if (isolated.isEmpty || !desc.data.effectiveAffinity.intersects(isolated)) return false;
  return !isolated.has(cpu);
}
