import type { Relid } from '../../lib/brand.js';
import type { Prng } from '../../lib/prng.js';
import { type RingBuffer, RING_WORD } from '../../vmbus/ring/index.js';
import type { HostChannel, HostChannelState } from '../device.js';
import type { OutgoingPacket } from '../outgoing.js';
import type { Corruption, Sent } from './sent.js';
import { anyWord, type WireField, type WireFields, writeField } from './wire-field.js';

/** A packet's descriptor and payload, and the indexes behind it (include/linux/hyperv.h struct vmpacket_descriptor). */
const packetFields: WireFields = {
  type: [0, 2],
  dataOffset: [2, 2],
  length: [4, 2],
  flags: [6, 2],
  transactionId: [8, 4],
  payload: [16, 4],
  trailer: [-4, 4],
};
/** The ring's index instead of a field of the packet. */
const WRITE_INDEX_FIELD = 'writeIndex';

export const packetFieldNames: readonly string[] = [...Object.keys(packetFields), WRITE_INDEX_FIELD];

/** A packet for the ring to the guest. It is for the time that the channel is open now, and none after. */
export class SentPacket implements Sent {
  readonly kind = 'packet';
  readonly type = 0;
  private readonly state: HostChannelState;

  constructor(
    private readonly channel: HostChannel,
    private readonly packet: OutgoingPacket,
    /** Interrupts the guest. */
    private readonly signal: (channel: HostChannel) => void,
  ) {
    this.state = channel.state;
  }

  get relid(): Relid {
    return this.channel.relid;
  }

  send(): void {
    // What was held back when the guest closed the channel is not for whoever opens it next.
    if (this.channel.state === this.state && this.write()) this.signal(this.channel);
  }

  sendCorrupted(corruption: Corruption, prng: Prng): void {
    const { channel, state } = this;
    if (state.kind !== 'open' || channel.state !== state) return;
    const { ring } = state.toGuest;
    // Somebody may have overwritten the index with anything.
    const start = (ring.load(RING_WORD.WRITE_INDEX) % ring.dataBytes) & ~7;
    const mustSignal = this.write();
    corrupt(ring, start, corruption, prng);
    if (mustSignal) this.signal(channel);
  }

  private write(): boolean {
    const { payload, transactionId, type } = this.packet;
    return this.channel.write(payload, transactionId, type);
  }
}

/** Changes the packet that has just been written behind `start`. */
function corrupt(ring: RingBuffer, start: number, { field, value }: Corruption, prng: Prng): void {
  const written = value ?? prng.next();
  const end = ring.load(RING_WORD.WRITE_INDEX);
  if (field === WRITE_INDEX_FIELD) {
    ring.store(RING_WORD.WRITE_INDEX, written);
    return;
  }
  const length = (end - start + ring.dataBytes) % ring.dataBytes;
  if (length === 0) return;
  const [offset, sizeBytes] = field === undefined ? anyWord(length, prng) : fieldNamed(field);
  // The trailer is counted from the end.
  const at = (offset < 0 ? end + offset + ring.dataBytes : start + offset) % ring.dataBytes;
  writeField(ring.dataView, at, sizeBytes, written);
}

function fieldNamed(name: string): WireField {
  const field = packetFields[name];
  if (field === undefined) throw new RangeError(`a packet has no field ${name}`);
  return field;
}
