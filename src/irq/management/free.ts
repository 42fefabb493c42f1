import type { Irq } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../data/core.js';
import type { IrqAction } from '../data/irqaction.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { assertLine } from '../data/line-rules.js';
import { synchronizeHardirqDesc, synchronizeIrqDesc } from './enable.js';
import { irqPmRemoveAction } from './pm.js';
import { irqSettingsClear, irqSettingsIsPerCpuDevid, irqStatus } from '../data/settings.js';
import { irqDomainDeactivateIrq } from '../line/activate.js';
import { irqShutdownSteps } from '../line/startup.js';
import { warn, warnOnce } from '../messages/warn.js';

/**
 * Removes the handler that was requested with `devId` (kernel/irq/manage.c free_irq); the last one shuts the line
 * down. Waits for handlers and threads that still run.
 *
 * @returns the name it was requested with; null if there was none.
 */
export function* freeIrq(core: IrqCore, irq: Irq, devId: unknown): Procedure<string | null> {
  const desc = core.desc(irq);
  if (desc === undefined) return null;
  if (irqSettingsIsPerCpuDevid(desc)) {
    warn(core, 'manage', 'free_irq');
    return null;
  }
  if (desc.cold.affinityNotify !== null) {
    warn(core, 'manage', 'free_irq');
    desc.cold.affinityNotify = null;
  }
  const action = yield* removeAction(core, desc, devId);
  return action?.name ?? null;
}

/**
 * kernel/irq/manage.c __free_irq: first nobody new finds the action, then those who found it are waited for. The mutex
 * is held to the end, so that who requests the line next cannot start what is still being shut down.
 */
function* removeAction(core: IrqCore, desc: IrqDesc, devId: unknown): Procedure<IrqAction | undefined> {
  const { machine, behaviour } = core;
  const { data } = desc;
  yield* desc.cold.requestMutex.lock();
  yield* data.busLockSteps();
  yield* desc.lock.spinLockIrqsave(machine.runningCpu);
  const action = desc.actionOf(devId);
  if (action === undefined) {
    warn(core, 'manage', 'free_irq', `Trying to free already-free IRQ ${desc.irq}`);
    yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
    yield* data.busSyncUnlockSteps();
    yield* desc.cold.requestMutex.unlock();
    return undefined;
  }
  desc.unlink(action);
  yield* shutDown(desc, action);
  if (desc.action === undefined && !behaviour.freeDeactivatesLast) irqDomainDeactivateIrq(data);
  assertLine(desc, 'free_irq');
  yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
  yield* data.busSyncUnlockSteps();
  yield* core.proc.unregisterHandlerSteps(desc, action);
  if (behaviour.freeWaitsForThreads) yield* synchronizeIrqDesc(desc);
  else yield* synchronizeHardirqDesc(desc, behaviour.freeDeactivatesLast);
  yield* action.stopThreads();
  if (desc.action === undefined) {
    yield* data.busLockSteps();
    yield* desc.lock.spinLockIrqsave(machine.runningCpu);
    irqDomainDeactivateIrq(data);
    yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
    data.chip.irqReleaseResources?.(data);
    yield* data.busSyncUnlockSteps();
  }
  yield* desc.cold.requestMutex.unlock();
  return action;
}

/** What __free_irq does with the action out of the list. */
function* shutDown(desc: IrqDesc, action: IrqAction): Procedure<void> {
  irqPmRemoveAction(desc, action);
  if (desc.action === undefined) {
    irqSettingsClear(desc, irqStatus.DISABLE_UNLAZY);
    yield* irqShutdownSteps(desc);
  }
  if (desc.cold.affinityHint === null) return;
  warnOnce(desc.core, 'manage', 'free_irq', undefined, 'affinity hint');
  desc.cold.affinityHint = null;
}
