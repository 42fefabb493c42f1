import type { CpuId, Relid } from '../lib/brand.js';
import type { OfferChannel } from '../vmbus/protocol.js';
import { RING_WRITE, VM_PKT } from '../vmbus/ring.js';
import type { RingReader } from '../vmbus/ring-reader.js';
import type { RingWriter } from '../vmbus/ring-writer.js';
import type { HostDevice } from './device.js';

/** What the host does with a channel at a moment. */
export type HostChannelState =
  /** Offered, not opened or closed again by the guest. */
  | { readonly kind: 'offered' }
  /** The guest's rings are mapped. */
  | { readonly kind: 'open'; readonly fromGuest: RingReader; readonly toGuest: RingWriter }
  /** Taken back; the relid waits for the guest to release it. */
  | { readonly kind: 'rescinded' };

/** A channel as its host knows it. */
export class HostChannel {
  state: HostChannelState = { kind: 'offered' };
  /** VP that is interrupted: follows MODIFYCHANNEL after the host's latency. */
  targetVp: CpuId = 0;
  /** Events signalled so far. */
  signalled = 0;
  /** Those that found the event flag still set: the guest handles them with the earlier event. */
  coalesced = 0;
  /** Those raised on a VP whose synic is off. */
  lost = 0;

  constructor(
    readonly offer: OfferChannel,
    readonly device: HostDevice,
  ) {}

  get relid(): Relid {
    return this.offer.childRelid;
  }

  get isPrimary(): boolean {
    return this.offer.subChannelIndex === 0;
  }

  /**
   * Writes a packet into the ring to the guest.
   *
   * @returns true if the guest must be signalled. A packet that finds no room is dropped: the device's protocol keeps
   *   count of what is outstanding.
   */
  write(payload: Uint8Array, transactionId: number, type: number = VM_PKT.DATA_INBAND): boolean {
    if (this.state.kind !== 'open') return false;
    return this.state.toGuest.write(type, 0, transactionId, payload) === RING_WRITE.SIGNAL;
  }
}
