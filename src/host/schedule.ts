import type { Ns } from '../lib/brand.js';
import type { Clock, ClockEvent } from '../machine/clock.js';

/** What the host is going to do, each thing at its time. */
export class HostSchedule {
  private count = 0;

  constructor(private readonly clock: Clock) {}

  get now(): Ns {
    return this.clock.now;
  }

  /** Number of things still to do, but for those of the background. */
  get pending(): number {
    return this.count;
  }

  /** Lets `event` happen in `ns` ns. Nobody waits for it. */
  inBackground(ns: Ns, event: ClockEvent): void {
    this.clock.after(ns, event);
  }

  /** Does `action` in `ns` ns. */
  after(ns: Ns, action: () => void): void {
    this.count += 1;
    this.clock.after(ns, {
      fire: () => {
        this.count -= 1;
        action();
      },
    });
  }
}

/** Things that may overlap in time but are finished in the order in which they began. */
export class Lane {
  private lastNs: Ns = 0;

  constructor(private readonly schedule: HostSchedule) {}

  /** Does `action` in `ns` ns, or when all earlier actions are done if that is later. */
  after(ns: Ns, action: () => void): void {
    const { now } = this.schedule;
    this.lastNs = Math.max(this.lastNs, now + ns);
    this.schedule.after(this.lastNs - now, action);
  }
}
