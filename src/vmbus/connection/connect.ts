import type { Ns } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { inFrame, type Procedure } from '../../machine/step.js';
import { VMBUS_CONNECT_CPU } from '../channel/placement.js';
import {
  CHANNELMSG,
  VERSION_WIN10_V5,
  VERSION_WIN10_V5_2,
  VERSION_WIN10_V6_0,
  VERSION_WIN8,
  type VersionResponse,
  versionName,
  VMBUS_MESSAGE_CONNECTION_ID,
  VMBUS_MESSAGE_CONNECTION_ID_4,
  vmbusVersions,
} from '../protocol/channel-messages.js';
import type { VmbusConnection } from './connection.js';

/** SINT that the host sends VMBus messages and events to (VMBUS_MESSAGE_SINT). */
export const VMBUS_MESSAGE_SINT = 2;
/** Of INITIATE_CONTACT: the guest takes channels with encrypted rings (VMBUS_FEATURE_FLAG_CONFIDENTIAL_CHANNELS). */
export const FEATURE_CONFIDENTIAL_CHANNELS = 0x10;
/** How long a kernel that waits for boot-time offers does so. */
const OFFERS_TIMEOUT_NS: Ns = 60_000_000_000;

/**
 * Agrees on a version with the host, the newest one that both speak (vmbus_connect).
 *
 * @returns false if the host accepts none.
 */
export function* vmbusConnect(connection: VmbusConnection): Procedure<boolean> {
  const { log } = connection.machine;
  connection.connecting();
  const maxVersion = connection.parameters.number('hv_vmbus', 'max_version');
  for (const { wire } of vmbusVersions) {
    if (wire < VERSION_WIN8) break;
    if (wire > connection.behaviour.newestVersion || wire > maxVersion) continue;
    const ret = yield* inFrame('vmbus_negotiate_version', vmbusNegotiateVersion(connection, wire));
    if (ret !== 0) continue;
    if (connection.isolation && wire < VERSION_WIN10_V5_2) {
      log.printk(tooOldForIsolation(wire));
      break;
    }
    connection.connectedWith(wire);
    log.printk(`hv_vmbus: Vmbus version:${versionName(wire) ?? wire}`);
    return true;
  }
  connection.disconnected();
  log.prErr('hv_vmbus: Unable to connect to host');
  return false;
}

/**
 * Proposes one version, and from 5.0 on goes by the host's answer as to where messages are to be sent. The connection
 * that proposes these is one that older hosts do not have: they never see the proposal (vmbus_negotiate_version).
 *
 * @returns 0 if the host speaks it; -ECONNREFUSED if not, and what postMsg returns if it does not take the message.
 */
export function* vmbusNegotiateVersion(connection: VmbusConnection, wire: number): Procedure<number> {
  const choosesConnection = wire >= VERSION_WIN10_V5;
  connection.messageConnection = choosesConnection
    ? VMBUS_MESSAGE_CONNECTION_ID_4
    : VMBUS_MESSAGE_CONNECTION_ID;
  const confidential = connection.confidential && wire >= VERSION_WIN10_V6_0;
  const response = yield* connection.requestOrErrno(
    {
      type: CHANNELMSG.INITIATE_CONTACT,
      version: wire,
      targetVcpu: connection.host.vpIndex(VMBUS_CONNECT_CPU),
      interruptPage: 0,
      msgSint: choosesConnection ? VMBUS_MESSAGE_SINT : 0,
      msgVtl: 0,
      featureFlags: confidential ? FEATURE_CONFIDENTIAL_CHANNELS : 0,
      monitorPage1: 0,
      monitorPage2: 0,
    },
    (answer): answer is VersionResponse => answer.type === CHANNELMSG.VERSION_RESPONSE,
  );
  if (typeof response === 'number') return response;
  if (!response.versionSupported) return errnoValue('ECONNREFUSED');
  if (choosesConnection) connection.messageConnection = response.msgConnId;
  return 0;
}

/** What the host offers to a confidential VM must be able to keep the guest's secrets. */
function tooOldForIsolation(wire: number): string {
  const name = versionName(wire) ?? wire;
  const least = versionName(VERSION_WIN10_V5_2) ?? VERSION_WIN10_V5_2;
  return `hv_vmbus: Invalid VMBus version ${name} (expected >= ${least}) from the host supporting isolation`;
}

/**
 * Asks for all offers. Kernels differ in whether they wait until the host has sent them, and the devices are there
 * (vmbus_request_offers).
 */
export function* vmbusRequestOffers(connection: VmbusConnection): Procedure<void> {
  const { log } = connection.machine;
  connection.offersRequested();
  const ret = yield* connection.postMsg({ type: CHANNELMSG.REQUESTOFFERS });
  if (ret !== 0) {
    log.prErr(`hv_vmbus: Unable to request offers - ${ret}`);
    return;
  }
  if (!connection.behaviour.waitsForBootOffers) return;
  if (!(yield* connection.allOffersDelivered.waitTimeout(OFFERS_TIMEOUT_NS))) {
    log.printk('hv_vmbus: timed out waiting for all boot-time offers to be delivered.');
  }
  yield* connection.workQueue.drained();
  yield* connection.primaryChannelQueue.drained();
}
