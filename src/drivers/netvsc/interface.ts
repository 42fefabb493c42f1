// What a user does with an adapter's interface (drivers/net/hyperv/netvsc_drv.c).
import { ErrnoError } from '../../lib/errno.js';
import type { Ns } from '../../lib/brand.js';
import { sleep } from '../../machine/completion.js';
import { netDevices } from '../../machine/net-devices.js';
import { inFrame, type Procedure } from '../../machine/step.js';
import { OID, PACKET_FILTER, RNDIS } from '../../host/protocols/network.js';
import { type NetvscDevice, requireService } from './device.js';
import { setPacketFilter } from './rndis-filter.js';

/** How often the rings are looked at once more before an interface that goes down gives up, and how long after each look. */
const RETRY_MAX = 2000;
const RETRY_NS: Ns = 5_000_000;

/** Sets the receive table (netvsc_set_rxfh). @throws ErrnoError ENODEV out of service; EINVAL for a channel that is not in use. */
export function* netvscSetRxfh(adapter: NetvscDevice, table: readonly number[] | undefined): Procedure<void> {
  yield* inFrame('rtnl_lock', adapter.rtnl.lock());
  try {
    requireService(adapter);
    const wrong = table?.find((channel) => channel >= adapter.channels);
    if (wrong !== undefined)
      throw new ErrnoError('EINVAL', `channel ${wrong} is not in use; there are ${adapter.channels}`);
    adapter.receiveTable = table;
    yield* adapter.rndisRequest(RNDIS.SET, OID.GEN_RECEIVE_SCALE_PARAMETERS, adapter.channels, table);
  } finally {
    yield* adapter.rtnl.unlock();
  }
}

/** The interface goes up: the host lets frames through again; its virtual function is opened with it (netvsc_open). */
export function* netvscOpen(adapter: NetvscDevice): Procedure<void> {
  yield* inFrame('rtnl_lock', adapter.rtnl.lock());
  try {
    requireService(adapter);
    if (adapter.isUp) return;
    yield* inFrame('rndis_filter_open', setPacketFilter(adapter, PACKET_FILTER.NORMAL));
    adapter.isUp = true;
    const { netDevice } = adapter.vf;
    if (netDevice !== undefined) yield* netDevices(adapter.device.channel.machine).open(netDevice);
  } finally {
    yield* adapter.rtnl.unlock();
  }
}

/** The interface goes down. Its channels stay open, and their interrupts requested (netvsc_close). */
export function* netvscClose(adapter: NetvscDevice): Procedure<void> {
  yield* inFrame('rtnl_lock', adapter.rtnl.lock());
  try {
    requireService(adapter);
    if (!adapter.isUp) return;
    adapter.isUp = false;
    yield* inFrame('rndis_filter_close', setPacketFilter(adapter, PACKET_FILTER.NONE));
    if (!(yield* inFrame('netvsc_wait_until_empty', waitUntilEmpty(adapter))))
      adapter.printk('Ring buffer not empty after closing rndis');
    const { netDevice } = adapter.vf;
    if (netDevice !== undefined) yield* netDevices(adapter.device.channel.machine).close(netDevice);
  } finally {
    yield* adapter.rtnl.unlock();
  }
}

/**
 * Waits until both sides have read all that lies in the adapter's rings, looking each 5 ms (netvsc_wait_until_empty:
 * between 5 and 10 ms).
 *
 * @returns false if something is left after the last look, 10 s later.
 */
function* waitUntilEmpty(adapter: NetvscDevice): Procedure<boolean> {
  for (let retry = 0; !adapter.ringsAreEmpty; ) {
    retry += 1;
    if (retry > RETRY_MAX) return false;
    yield* sleep(RETRY_NS);
  }
  return true;
}
