import type { CpuId, Relid } from '../lib/brand.js';
import type { OfferChannel } from '../vmbus/protocol/channel-messages.js';
import { type RingReader, type RingWriter, VM_PKT } from '../vmbus/ring/index.js';
import type { HostDevice } from './device.js';
import type { OutgoingPackets } from './outgoing.js';

/** What the host does with a channel at a moment. */
export type HostChannelState =
  /** Offered, not opened or closed again by the guest. */
  | { readonly kind: 'offered' }
  /** The guest's rings are mapped. */
  | {
      readonly kind: 'open';
      readonly fromGuest: RingReader;
      readonly toGuest: RingWriter;
      readonly outgoing: OutgoingPackets;
    }
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

  /** True if there is something in the rings that the host has to do now. */
  get hasWork(): boolean {
    const { state } = this;
    return state.kind === 'open' && (state.fromGuest.ring.bytesToRead() > 0 || state.outgoing.canGoOn);
  }

  /**
   * Writes a packet into the ring to the guest; without room it waits until the guest has read.
   *
   * @returns true if the guest must be signalled.
   */
  write(payload: Uint8Array, transactionId: number, type: number = VM_PKT.DATA_INBAND): boolean {
    return this.state.kind === 'open' && this.state.outgoing.write({ type, transactionId, payload });
  }
}
