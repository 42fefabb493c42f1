// An adapter goes out of service and comes into it again, as its user or a suspend wants (drivers/net/hyperv/netvsc_drv.c).
import type { Ns } from '../../lib/brand.js';
import { ErrnoError } from '../../lib/errno.js';
import { sleep } from '../../machine/completion.js';
import { inFrame, type Procedure } from '../../machine/step.js';
import type { NetvscDevice } from './device.js';
import {
  rndisFilterClose,
  rndisFilterDeviceAdd,
  rndisFilterDeviceRemove,
  rndisFilterOpen,
  rndisSetSubchannel,
} from './rndis-filter.js';
import { cancelSubchanWork } from './subchan-work.js';

/** How often the rings are looked at once more before the wait is given up, and how long after each look. */
const RETRY_MAX = 2000;
const RETRY_NS: Ns = 5_000_000;

/**
 * Takes an adapter out of service. One that is up sends nothing any more, has the host let nothing through, and waits
 * until both sides have read what lies in the rings; what is sent from then on waits in the queues (netvsc_detach). The
 * caller holds rtnl_lock.
 *
 * @throws ErrnoError ETIMEDOUT if the rings are not empty in time, or what the host's being asked failed with; then the
 *   adapter stays in service, and its queues stopped.
 */
export function* netvscDetach(adapter: NetvscDevice): Procedure<void> {
  if (yield* inFrame('cancel_work_sync', cancelSubchanWork(adapter))) adapter.channels = 1;
  if (adapter.isUp) {
    adapter.disableTx();
    yield* closeRndis(adapter);
    if (!(yield* waitUntilEmpty(adapter)))
      throw new ErrnoError('ETIMEDOUT', 'host or guest did not read all that lies in the rings within 10 s');
  }
  yield* inFrame('rndis_filter_device_remove', rndisFilterDeviceRemove(adapter));
}

/**
 * Sets an adapter up, which sends what waits in its queues, with `count` channels (netvsc_attach). The caller holds
 * rtnl_lock.
 *
 * @throws ErrnoError what the setting up failed with; then the adapter is out of service.
 */
export function* netvscAttach(adapter: NetvscDevice, count: number): Procedure<void> {
  yield* inFrame('rndis_filter_device_add', rndisFilterDeviceAdd(adapter, count));
  if (adapter.channels > 1) yield* inFrame('rndis_set_subchannel', rndisSetSubchannel(adapter));
  if (!adapter.isUp) return;
  adapter.enableTx();
  try {
    yield* inFrame('rndis_filter_open', rndisFilterOpen(adapter));
  } catch (error) {
    adapter.disableTx();
    yield* inFrame('rndis_filter_device_remove', rndisFilterDeviceRemove(adapter));
    throw error;
  }
}

/** The host lets frames through; the log says if it cannot be asked. @throws ErrnoError what the request failed with. */
export function openRndis(adapter: NetvscDevice): Procedure<void> {
  const opening = inFrame('rndis_filter_open', rndisFilterOpen(adapter));
  return adapter.tellingOf((errno) => `unable to open device (ret ${errno}).`, opening);
}

/** The host lets no frames through; the log says if it cannot be asked. @throws ErrnoError what the request failed with. */
export function closeRndis(adapter: NetvscDevice): Procedure<void> {
  const closing = inFrame('rndis_filter_close', rndisFilterClose(adapter));
  return adapter.tellingOf((errno) => `unable to close device (ret ${errno}).`, closing);
}

/**
 * Waits until both sides have read all that lies in the adapter's rings, looking each 5 ms (netvsc_wait_until_empty:
 * between 5 and 10 ms).
 *
 * @returns false if something is left after the last look, 10 s later, which the log says.
 */
export function* waitUntilEmpty(adapter: NetvscDevice): Procedure<boolean> {
  if (yield* inFrame('netvsc_wait_until_empty', lookUntilEmpty(adapter))) return true;
  adapter.printk('Ring buffer not empty after closing rndis');
  return false;
}

function* lookUntilEmpty(adapter: NetvscDevice): Procedure<boolean> {
  for (let retry = 0; !adapter.ringsAreEmpty; ) {
    retry += 1;
    if (retry > RETRY_MAX) return false;
    yield* sleep(RETRY_NS);
  }
  return true;
}
