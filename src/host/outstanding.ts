import type { ClockEvent } from '../machine/clock.js';

/** A channel: it has been open since its state became the present one, until it becomes another. */
export interface OutstandingChannel {
  readonly state: unknown;
}

/** Something that the host has yet to do for the guest, in the list of what is outstanding on its channel. */
export class OutstandingWork implements ClockEvent {
  previous: OutstandingWork | undefined;
  next: OutstandingWork | undefined;
  private isDone = false;

  constructor(
    private readonly list: Outstanding,
    private readonly channel: OutstandingChannel,
    private readonly state: unknown,
    private readonly action: () => void,
  ) {}

  /** Its time has come, unless it was done before, or the channel has been closed. */
  fire(): void {
    if (this.isDone) return;
    this.isDone = true;
    this.list.remove(this);
    if (this.channel.state === this.state) this.action();
  }
}

/**
 * What the host has yet to do for the packets of the guest on a channel, in the order in which it took them: each thing
 * once, at its time or when all is done, and not at all once the channel is closed. What was on its way then is not for
 * whoever opens the channel next.
 */
export class Outstanding {
  private first: OutstandingWork | undefined;
  private last: OutstandingWork | undefined;

  /** @returns what does `action` for the channel, which is open. */
  add(channel: OutstandingChannel, action: () => void): ClockEvent {
    const work = new OutstandingWork(this, channel, channel.state, action);
    work.previous = this.last;
    if (this.last === undefined) this.first = work;
    else this.last.next = work;
    this.last = work;
    return work;
  }

  /** Does all now, and what that leads to. */
  finish(): void {
    while (this.first !== undefined) this.first.fire();
  }

  remove({ previous, next }: OutstandingWork): void {
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
  }
}
