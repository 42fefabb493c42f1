import type { Ns } from '../../lib/brand.js';
import type { Guid } from '../../vmbus/guid.js';
import { VM_PKT } from '../../vmbus/ring.js';
import type { GuestPacket, HostBackend, HostDeviceServices } from '../device.js';
import type { HostChannel } from '../host-channel.js';
import {
  VSTOR,
  vstorArgument,
  vstorCompletion,
  vstorOperation,
  vstorProperties,
  vstorVersions,
} from '../protocols/storage.js';

/** A request to its answer, while the controller starts. */
const REQUEST_NS: Ns = 1_000_000;
const STATUS_INVALID_PARAMETER = 0xc000000d;

const known: readonly number[] = Object.values(VSTOR);

/** Storage controllers: answers what a driver asks before the first I/O. */
export class StorageBackend implements HostBackend {
  constructor(readonly classId: Guid) {}

  packet(channel: HostChannel, { payload, transactionId }: GuestPacket, services: HostDeviceServices): void {
    const operation = vstorOperation(payload);
    const answer = this.answer(channel, operation, payload, services);
    services.send(channel, answer, transactionId, REQUEST_NS, VM_PKT.COMP);
    if (operation === VSTOR.CREATE_SUB_CHANNELS) {
      services.offerSubChannels(channel, vstorArgument(payload), REQUEST_NS);
    }
  }

  private answer(
    channel: HostChannel,
    operation: number,
    payload: Uint8Array,
    services: HostDeviceServices,
  ): Uint8Array {
    if (operation === VSTOR.QUERY_PROPERTIES) return vstorProperties(services.maxSubChannels(channel));
    if (operation === VSTOR.QUERY_PROTOCOL_VERSION && !vstorVersions.includes(vstorArgument(payload))) {
      return vstorCompletion(STATUS_INVALID_PARAMETER);
    }
    return vstorCompletion(known.includes(operation) ? 0 : STATUS_INVALID_PARAMETER);
  }
}
