// The work that opens an adapter's sub-channels behind its probe (drivers/net/hyperv/netvsc.c netvsc_subchan_work).
import { inFunction, type Procedure } from '../../machine/step.js';
import { systemWq } from '../../machine/workqueue.js';
import type { NetvscDevice } from './device.js';
import type { NetvscOptions } from './options.js';
import { rndisSetSubchannel } from './rndis-filter.js';

/**
 * What the work does. It may find the adapter gone when its turn comes.
 *
 * ```
 * work                                  netvsc_remove, netvsc_set_channels
 *                                       rtnl_lock
 * rtnl_trylock?  no: queue again        cancel_work_sync: waits for the work that runs
 * sub-channels                          rndis_filter_device_remove
 * rtnl_unlock                           rtnl_unlock
 * ```
 * Forbidden: each waits for the other, as they do if the work waits for RTNL.
 */
export function* netvscSubchanWork(
  adapter: NetvscDevice,
  way: NetvscOptions['subchanWork'] = 'tries-for-rtnl',
): Procedure<void> {
  const { rtnl } = adapter;
  if (way === 'waits-for-rtnl') yield* inFunction('netvsc_subchan_work', rtnl.lock());
  else if (!(yield* inFunction('netvsc_subchan_work', rtnl.tryLock()))) {
    const { machine } = adapter.device.channel;
    // Linux has it try over and over, of which nothing comes before RTNL is free.
    systemWq(machine).queue(adapter.subchanWork, machine.thisCpu, { gate: rtnl, anyCpu: true });
    return;
  }
  if (adapter.attached) yield* inFunction('rndis_set_subchannel', rndisSetSubchannel(adapter));
  yield* inFunction('netvsc_subchan_work', rtnl.unlock());
}

/** schedule_work */
export function scheduleSubchanWork({ subchanWork, device: { channel } }: NetvscDevice): void {
  const { machine } = channel;
  systemWq(machine).queue(subchanWork, machine.thisCpu, { anyCpu: true });
}

/** cancel_work_sync; the caller holds RTNL. @returns true if the work had not begun. */
export function cancelSubchanWork({ subchanWork, device: { channel } }: NetvscDevice): Procedure<boolean> {
  return systemWq(channel.machine).cancelSync(subchanWork);
}
