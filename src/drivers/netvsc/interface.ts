// What a user does with an adapter's interface (drivers/net/hyperv/netvsc_drv.c).
import { ErrnoError } from '../../lib/errno.js';
import { netDevices } from '../../machine/net-devices.js';
import { inFrame, type Procedure } from '../../machine/step.js';
import { OID, RNDIS } from '../../host/protocols/network.js';
import { closeRndis, openRndis, waitUntilEmpty } from './attach.js';
import { type NetvscDevice, outOfService, requireService } from './device.js';

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

/**
 * The interface goes up: the host lets frames through; its virtual function is opened with it (netvsc_open).
 *
 * @throws ErrnoError ENODEV if the adapter is not in service; what the request failed with.
 */
export function* netvscOpen(adapter: NetvscDevice): Procedure<void> {
  yield* inFrame('rtnl_lock', adapter.rtnl.lock());
  try {
    requireService(adapter);
    if (!adapter.isUp) yield* devOpen(adapter);
  } finally {
    yield* adapter.rtnl.unlock();
  }
}

/** The same for who holds rtnl_lock, of an interface that is down. @throws ErrnoError what the request failed with. */
function* devOpen(adapter: NetvscDevice): Procedure<void> {
  yield* openRndis(adapter);
  adapter.isUp = true;
  adapter.enableTx();
  const { netDevice } = adapter.vf;
  if (netDevice !== undefined) yield* netDevices(adapter.device.channel.machine).open(netDevice);
}

/**
 * The interface goes down, whatever comes of it. Its channels stay open, and their interrupts requested (netvsc_close).
 *
 * @throws ErrnoError ENODEV if the device has no interface.
 */
export function* netvscClose(adapter: NetvscDevice): Procedure<void> {
  yield* inFrame('rtnl_lock', adapter.rtnl.lock());
  try {
    if (adapter.interface === undefined) throw outOfService(adapter.device);
    if (!adapter.isUp) return;
    adapter.isUp = false;
    adapter.dropQueued();
    adapter.disableTx();
    if (adapter.attached) yield* closeInService(adapter);
  } finally {
    yield* adapter.rtnl.unlock();
  }
}

function* closeInService(adapter: NetvscDevice): Procedure<void> {
  try {
    yield* closeRndis(adapter);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return;
  }
  yield* waitUntilEmpty(adapter);
  const { netDevice } = adapter.vf;
  if (netDevice !== undefined) yield* netDevices(adapter.device.channel.machine).close(netDevice);
}
