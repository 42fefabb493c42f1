import { inFrame, type Procedure } from '../../machine/step.js';
import { VMBUS_CONNECT_CPU } from '../channel/placement.js';
import {
  type AllOffersDelivered,
  CHANNELMSG,
  VERSION_WIN10_V5,
  VERSION_WIN10_V5_2,
  VERSION_WIN8,
  type VersionResponse,
  versionName,
  vmbusVersions,
} from '../protocol/channel-messages.js';
import type { VmbusConnection } from './connection.js';

/** SINT that the host sends VMBus messages and events to (VMBUS_MESSAGE_SINT). */
export const VMBUS_MESSAGE_SINT = 2;

/**
 * Agrees on a version with the host, the newest one that both speak (vmbus_connect, vmbus_negotiate_version).
 *
 * @param only the one version to propose, as on the wire; default: all.
 * @returns false if the host accepts none.
 */
export function* vmbusConnect(connection: VmbusConnection, only?: number): Procedure<boolean> {
  const { log } = connection.machine;
  connection.connecting();
  for (const { wire } of vmbusVersions) {
    if (wire < VERSION_WIN8) break;
    if (only !== undefined && wire !== only) continue;
    if (!(yield* inFrame('vmbus_negotiate_version', negotiate(connection, wire)))) continue;
    if (connection.isolation && wire < VERSION_WIN10_V5_2) {
      log.printk(tooOldForIsolation(wire));
      break;
    }
    connection.connectedWith(wire);
    log.printk(`hv_vmbus: Vmbus version:${versionName(wire) ?? wire}`);
    return true;
  }
  connection.disconnected();
  log.printk('hv_vmbus: Unable to connect to host');
  return false;
}

/** Proposes one version; true if the host speaks it (vmbus_negotiate_version). */
function* negotiate(connection: VmbusConnection, wire: number): Procedure<boolean> {
  const response = yield* connection.request(
    {
      type: CHANNELMSG.INITIATE_CONTACT,
      version: wire,
      targetVcpu: VMBUS_CONNECT_CPU,
      interruptPage: 0,
      msgSint: wire >= VERSION_WIN10_V5 ? VMBUS_MESSAGE_SINT : 0,
      msgVtl: 0,
      featureFlags: 0,
      monitorPage1: 0,
      monitorPage2: 0,
    },
    (answer): answer is VersionResponse => answer.type === CHANNELMSG.VERSION_RESPONSE,
  );
  return response?.versionSupported ?? false;
}

/** What the host offers to a confidential VM must be able to keep the guest's secrets. */
function tooOldForIsolation(wire: number): string {
  const name = versionName(wire) ?? wire;
  const least = versionName(VERSION_WIN10_V5_2) ?? VERSION_WIN10_V5_2;
  return `hv_vmbus: Invalid VMBus version ${name} (expected >= ${least}) from the host supporting isolation`;
}

/** Asks for all offers and waits until the host has sent them (vmbus_request_offers). */
export function* vmbusRequestOffers(connection: VmbusConnection): Procedure<void> {
  const request = connection.request(
    { type: CHANNELMSG.REQUESTOFFERS },
    (answer): answer is AllOffersDelivered => answer.type === CHANNELMSG.ALLOFFERS_DELIVERED,
  );
  yield* inFrame('vmbus_request_offers', request);
}
