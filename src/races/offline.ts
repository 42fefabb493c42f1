import type { CpuId } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import { inFunction, type Procedure } from '../machine/step.js';
import { SynicHotplug } from '../vmbus/synic-hotplug.js';
import { NoGuard } from '../vmbus/variants/offline-guard.js';
import { noLine } from '../lab/lean-guest.js';
import type { RaceGuest } from '../lab/race-guest.js';

/** Takes a CPU offline as far as VMBus is concerned: its synic, then the online mask. It may be refused. */
export function* offline(guest: RaceGuest, id: CpuId): Procedure<void> {
  const { connection, vmbus, machine } = guest;
  const hotplug = new SynicHotplug(connection, vmbus.contexts, noLine);
  try {
    yield* inFunction('hv_synic_cleanup', hotplug.teardown(machine.cpu(id)));
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return;
  }
  if (connection.guard instanceof NoGuard) yield { ...machine.online.shared.update, label: 'take_cpu_down' };
  machine.online.clear(id);
}
