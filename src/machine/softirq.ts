/** The kernel's softirqs in their order (include/linux/interrupt.h). */
export const softirqNames = [
  'HI',
  'TIMER',
  'NET_TX',
  'NET_RX',
  'BLOCK',
  'IRQ_POLL',
  'TASKLET',
  'SCHED',
  'HRTIMER',
  'RCU',
] as const;

/** A kind of softirq, as /proc/softirqs names it. */
export type SoftirqName = (typeof softirqNames)[number];

const places: ReadonlyMap<SoftirqName, number> = new Map(softirqNames.map((name, at) => [name, at + 1]));

/** Place of what waits on a CPU and is no softirq of its kernel: in front of all that are. */
export const NO_SOFTIRQ = 0;

/** Where the softirq stands among a CPU's queues; without a name, what no softirq runs. */
export function placeOf(name: SoftirqName | undefined): number {
  return name === undefined ? NO_SOFTIRQ : (places.get(name) ?? NO_SOFTIRQ);
}
