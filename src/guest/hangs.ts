import type { Ns } from '../lib/brand.js';
import type { WaitingContext } from '../machine/hung.js';
import type { Machine } from '../machine/machine.js';

/** How long a context may wait before Linux calls it hung (hung_task_timeout_secs). */
const HUNG_TASK_TIMEOUT_NS: Ns = 120_000_000_000;

/**
 * The contexts that hang: they sleep uninterruptibly without a time limit, or spin, and have done so for more than 120 s,
 * or nothing is left to happen that could end it.
 */
export function hungContexts(machine: Machine): WaitingContext[] {
  const { clock } = machine;
  const isOver = clock.nextTime === undefined;
  return machine.waiting().filter(({ sinceNs }) => isOver || clock.now - sinceNs > HUNG_TASK_TIMEOUT_NS);
}
