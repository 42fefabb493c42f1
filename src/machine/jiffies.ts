/** The kernel's ticks in a second (CONFIG_HZ). */
export const HZ = 250;
/** The kernel's unit of time in ns. */
export const JIFFY_NS = 1_000_000_000 / HZ;
/** Jiffies when the machine starts: five minutes before 32 bits of them wrap (include/linux/jiffies.h). */
export const INITIAL_JIFFIES = 0x1_0000_0000 - 300 * HZ;

/** Time in jiffies at `ns` ns from the machine's start. */
export function jiffiesAt(ns: number): number {
  return INITIAL_JIFFIES + Math.floor(ns / JIFFY_NS);
}

/** Milliseconds in so many jiffies, 32 bits of them (kernel/time/time.c jiffies_to_msecs). */
export function jiffiesToMsecs(jiffies: number): number {
  return ((1000 / HZ) * jiffies) >>> 0;
}
