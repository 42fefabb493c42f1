import { RING_WORD } from '../../vmbus/ring/index.js';
import type { HostChannel } from '../device.js';

/** A channel's rings, and the words of their headers. */
export const ringNames = ['toGuest', 'fromGuest'] as const;
/** One of a channel's two rings. */
export type RingName = (typeof ringNames)[number];

const ringPlaces = {
  writeIndex: RING_WORD.WRITE_INDEX,
  readIndex: RING_WORD.READ_INDEX,
  interruptMask: RING_WORD.INTERRUPT_MASK,
  pendingSendSize: RING_WORD.PENDING_SEND_SZ,
  featureBits: RING_WORD.FEATURE_BITS,
} as const;
/** A word of a ring's header. */
export type RingPlace = keyof typeof ringPlaces;
export const ringPlaceNames = Object.keys(ringPlaces) as readonly RingPlace[];

/**
 * Overwrites 32 bits of an open channel's ring.
 *
 * @param place a word of the ring's header, or a byte of its data, which must be a multiple of 4.
 * @throws RangeError if the channel is not open, or the ring has no such place.
 */
export function pokeRing(
  { relid, state }: HostChannel,
  name: RingName,
  place: RingPlace | number,
  value: number,
): void {
  if (state.kind !== 'open') throw new RangeError(`channel ${relid} is not open`);
  const { ring } = state[name];
  if (typeof place !== 'number') {
    ring.store(ringPlaces[place], value);
    return;
  }
  if (!(Number.isInteger(place / 4) && place >= 0 && place < ring.dataBytes)) {
    throw new RangeError(`the ring has no word at byte ${place}: its data are ${ring.dataBytes} bytes`);
  }
  ring.dataView.setUint32(place, value >>> 0, true);
}
