import type { Ns } from '../lib/brand.js';
import { StableHeap } from '../lib/heap.js';

/** Something that happens at a point of virtual time. Objects rather than closures, so that they can be reused. */
export interface ClockEvent {
  fire(): void;
}

/** Virtual time in ns from the machine's start, and the events to come; equal times in order of arrival. */
export class Clock {
  private readonly events = new StableHeap<ClockEvent>();
  /** What comes as time goes by, but is nothing to wait for. */
  private readonly companions = new StableHeap<ClockEvent>();
  private companionNs: Ns = Number.POSITIVE_INFINITY;
  private time: Ns = 0;

  get now(): Ns {
    return this.time;
  }

  /** Number of events still to come. */
  get pending(): number {
    return this.events.size;
  }

  /** Time of the next event; undefined if nothing is left to happen. */
  get nextTime(): Ns | undefined {
    const { nextNs } = this;
    return nextNs === Number.POSITIVE_INFINITY ? undefined : nextNs;
  }

  /** The same for loops over many events; Infinity if nothing is left to happen. */
  get nextNs(): Ns {
    return this.events.lowestKey;
  }

  /** Schedules `event` in `ns` ns from now (0 or more, finite). */
  after(ns: Ns, event: ClockEvent): void {
    if (!(ns >= 0 && ns < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`an event cannot come ${ns} ns from now; 0 or more is needed`);
    }
    this.events.push(this.time + ns, event);
  }

  /**
   * Has `event` happen in `ns` ns, once something else, or somebody who lets time go by, moves the time on as far. It is
   * not among what is left to happen.
   */
  alongside(ns: Ns, event: ClockEvent): void {
    this.companions.push(this.time + ns, event);
    this.companionNs = this.companions.lowestKey;
  }

  /** Takes back an event of `alongside`; false if there is none. */
  cancelAlongside(event: ClockEvent): boolean {
    const found = this.companions.remove(event);
    this.companionNs = this.companions.lowestKey;
    return found;
  }

  /** Takes back an event that is scheduled once; false if it is not, as when it has happened already. */
  cancel(event: ClockEvent): boolean {
    return this.events.remove(event);
  }

  /** Moves on to the next event and lets it happen; false if there is none. */
  runNext(): boolean {
    const at = this.nextNs;
    if (at === Number.POSITIVE_INFINITY) return false;
    if (this.companionNs <= at) this.accompany(at);
    this.time = at;
    this.events.pop()?.fire();
    return true;
  }

  /** Moves the time on to `time` without an event; no event may lie before it. */
  advanceTo(time: Ns): void {
    if (!(time >= this.time) || this.nextNs < time) {
      throw new RangeError(`cannot move the clock from ${this.time} to ${time} ns past an event`);
    }
    if (this.companionNs <= time) this.accompany(time);
    this.time = time;
  }

  /** Lets what comes alongside happen up to `end`. */
  private accompany(end: Ns): void {
    while (this.companionNs <= end) {
      this.time = this.companionNs;
      const event = this.companions.pop();
      this.companionNs = this.companions.lowestKey;
      event?.fire();
    }
  }
}
