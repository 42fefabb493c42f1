import type { Machine } from '../../machine/machine.js';

interface Window {
  beginNs: number;
  printed: number;
  missed: number;
}

const INTERVAL_NS = 5_000_000_000;

/** Keeps places of the kernel from flooding its log (lib/ratelimit.c ___ratelimit). */
export class Ratelimits {
  private readonly windows = new Map<string, Window>();

  constructor(
    private readonly machine: Machine,
    private readonly off: boolean,
  ) {}

  /** True if function `func` may print now: at most `burst` times in 5 s, each of its places by itself. */
  allows(func: string, burst = 10, place = func): boolean {
    if (this.off) return true;
    const { now } = this.machine.clock;
    let window = this.windows.get(place);
    if (window === undefined) {
      window = { beginNs: now, printed: 0, missed: 0 };
      this.windows.set(place, window);
    }
    if (now > window.beginNs + INTERVAL_NS) {
      if (window.missed > 0) this.machine.log.prWarn(`${func}: ${window.missed} callbacks suppressed`);
      window.beginNs = now;
      window.printed = 0;
      window.missed = 0;
    }
    if (window.printed >= burst) {
      window.missed += 1;
      return false;
    }
    window.printed += 1;
    return true;
  }
}
