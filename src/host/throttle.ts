import type { Ns } from '../lib/brand.js';
import type { Clock } from '../machine/clock.js';

/**
 * When the host suspends a guest that signals without need. That Hyper-V does so, "for a few seconds", is documented
 * (Documentation/virt/hyperv/vmbus.rst); from how many signals on is not, so all numbers are whoever asks for it gives.
 */
export interface ThrottleOptions {
  /** So many needless signals, 1 or more, … */
  readonly signals: number;
  /** … of all channels together in so long a time, in ns … */
  readonly withinNs: Ns;
  /** … and none of the guest's CPUs runs for so long, in ns. */
  readonly suspendNs: Ns;
}

/** Protects the host from guests that signal too often for nothing. */
export class Throttle {
  /** When the last needless signals came, `signals` of them at most. */
  private readonly recent: Ns[] = [];

  /**
   * @param suspend keeps the guest's CPUs from running for so many ns.
   * @throws RangeError for numbers that make no sense.
   */
  constructor(
    private readonly clock: Clock,
    private readonly options: ThrottleOptions,
    private readonly suspend: (ns: Ns) => void,
  ) {
    const { signals, withinNs, suspendNs } = options;
    if (!(Number.isInteger(signals) && signals >= 1 && withinNs >= 0 && suspendNs > 0))
      throw new RangeError(
        `a host cannot suspend a guest for ${suspendNs} ns because of ${signals} signals in ${withinNs} ns`,
      );
  }

  /** The guest has signalled for nothing. */
  needlessSignal(): void {
    const { recent } = this;
    const { signals, withinNs, suspendNs } = this.options;
    const { now } = this.clock;
    recent.push(now);
    if (recent.length < signals) return;
    const first = recent.shift() ?? now;
    if (now - first > withinNs) return;
    recent.length = 0;
    this.suspend(suspendNs);
  }
}
