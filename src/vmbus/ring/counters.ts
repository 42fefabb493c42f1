/** What is counted of a channel's rings, however often they are set up anew (struct vmbus_channel). */
export class RingCounters {
  /** Signals given because the host waited for room in the ring that it writes. */
  intrInFull = 0;
  /** Signals given because the ring to the host had been empty. */
  intrOutEmpty = 0;
  /** Writes that found no room. */
  outFullTotal = 0;
  /** Those of them that were the first since the last write that found room. */
  outFullFirst = 0;
  /** The last write found no room (out_full_flag). */
  outFull = false;
}
