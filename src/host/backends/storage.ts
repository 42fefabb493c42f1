import type { Ns } from '../../lib/brand.js';
import type { Guid } from '../../vmbus/protocol/guid.js';
import { VM_PKT } from '../../vmbus/ring/index.js';
import { type BatchOptions, Batches } from '../batch.js';
import type { GuestPacket, HostBackend, HostChannel, HostDeviceServices, PacketInRing } from '../device.js';
import {
  VSTOR,
  VSTOR_OPERATION,
  vstorArgument,
  vstorCompletion,
  vstorOperation,
  vstorProperties,
  vstorVersions,
} from '../protocols/storage.js';

const US = 1000;
/** A request to its answer, while the controller starts. */
const REQUEST_NS: Ns = 1_000_000;
const STATUS_INVALID_PARAMETER = 0xc000000d;

const known: readonly number[] = Object.values(VSTOR);
const ioDone = vstorCompletion(0);

export interface StorageOptions {
  /** How long an I/O takes. Default 100 µs. */
  readonly latencyNs?: Ns;
  /** How completions are put together. Default: not. */
  readonly batch?: BatchOptions;
}

/** Storage controllers: answers what a driver asks before the first I/O, and completes I/Os, which all succeed. */
export class StorageBackend implements HostBackend {
  private readonly latencyNs: Ns;
  private readonly batches: Batches;

  constructor(
    readonly classId: Guid,
    { latencyNs = 100 * US, batch = {} }: StorageOptions = {},
  ) {
    this.latencyNs = latencyNs;
    this.batches = new Batches(batch);
  }

  packet(channel: HostChannel, { payload, transactionId }: GuestPacket, services: HostDeviceServices): void {
    const operation = vstorOperation(payload);
    if (operation === VSTOR.EXECUTE_SRB) {
      this.execute(channel, transactionId, services);
      return;
    }
    const answer = this.answer(channel, operation, payload, services);
    services.send(channel, answer, transactionId, REQUEST_NS, VM_PKT.COMP);
    if (operation === VSTOR.CREATE_SUB_CHANNELS) {
      services.offerSubChannels(channel, vstorArgument(payload), REQUEST_NS);
    }
  }

  packetInRing(channel: HostChannel, packet: PacketInRing, services: HostDeviceServices): boolean {
    if (packet.payloadWord(VSTOR_OPERATION) !== VSTOR.EXECUTE_SRB) return false;
    this.execute(channel, packet.transactionId, services);
    return true;
  }

  /** The completion goes over the channel that the request came from. */
  private execute(channel: HostChannel, transactionId: number, services: HostDeviceServices): void {
    services.later(channel, this.latencyNs, () => {
      this.batches.of(channel, services).add({ type: VM_PKT.COMP, transactionId, payload: ioDone });
    });
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
