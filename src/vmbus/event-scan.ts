import type { Relid } from '../lib/brand.js';
import { SharedWord } from '../machine/step.js';
import { MAX_CHANNEL_RELIDS } from './relid-map.js';

/** Up to which relid interrupts look for events (drivers/hv/connection.c relid_hiwater). */
export class EventScan {
  private readonly word = new SharedWord('relid_hiwater');
  private last: Relid;

  /** @param toHighestOffered the kernel knows the highest relid that was ever offered; else it looks for all. */
  constructor(toHighestOffered: boolean) {
    this.last = toHighestOffered ? 0 : MAX_CHANNEL_RELIDS - 1;
  }

  get highest(): Relid {
    this.word.announceRead();
    return this.last;
  }

  /** A channel with this relid is offered. */
  include(relid: Relid): void {
    if (relid <= this.highest) return;
    this.word.announce();
    this.last = relid;
  }
}
