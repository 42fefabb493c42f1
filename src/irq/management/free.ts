import type { Irq } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../data/core.js';
import type { IrqAction } from '../data/irqaction.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { synchronizeIrqDesc } from './enable.js';
import { irqPmRemoveAction } from './pm.js';
import { irqSettingsClear, irqSettingsIsPerCpuDevid, irqStatus } from '../data/settings.js';
import { chipBusLock, chipBusSyncUnlock, irqDomainDeactivateIrq, irqShutdown } from '../line/startup.js';
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
  yield* desc.cold.requestMutex.lock();
  chipBusLock(desc);
  const cpu = core.machine.runningCpu;
  yield* desc.lock.spinLockIrqsave(cpu);
  const action = unlink(desc, devId);
  if (action === undefined) {
    warn(core, 'manage', 'free_irq', `Trying to free already-free IRQ ${desc.irq}`);
    yield* desc.lock.spinUnlockIrqrestore(cpu);
    chipBusSyncUnlock(desc);
    yield* desc.cold.requestMutex.unlock();
    return undefined;
  }
  irqPmRemoveAction(desc, action);
  if (desc.action === undefined) {
    irqSettingsClear(desc, irqStatus.DISABLE_UNLAZY);
    irqShutdown(desc);
  }
  yield* desc.lock.spinUnlockIrqrestore(cpu);
  if (desc.cold.affinityHint !== null) {
    warnOnce(core, 'manage', 'free_irq', undefined, 'affinity hint');
    desc.cold.affinityHint = null;
  }
  chipBusSyncUnlock(desc);
  core.proc.unregisterHandler(desc, action);
  yield* synchronizeIrqDesc(desc);
  if (action.thread) yield* action.thread.stop();
  // Without desc->lock, as in Linux.
  desc.announce();
  if (desc.action === undefined) {
    chipBusLock(desc);
    irqDomainDeactivateIrq(desc.data);
    desc.data.chip.irqReleaseResources?.(desc.data);
    chipBusSyncUnlock(desc);
  }
  yield* desc.cold.requestMutex.unlock();
  return action;
}

/** Takes the first action of `devId` out of the line's list. */
function unlink(desc: IrqDesc, devId: unknown): IrqAction | undefined {
  let previous: IrqAction | undefined;
  for (const action of desc.actions()) {
    if (action.devId === devId) {
      if (previous === undefined) desc.action = action.next;
      else previous.next = action.next;
      return action;
    }
    previous = action;
  }
  return undefined;
}
