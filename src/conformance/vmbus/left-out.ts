import type { BootOp } from './boot.js';

const TRACING = '/sys/kernel/debug/tracing';

/** Why an operation is not compared; undefined if it is. */
export function leftOutOf({ op, path }: BootOp): string | undefined {
  if (path === `${TRACING}/trace`) return 'contexts of events, and their order between CPUs';
  if (op === 'ls' && path === `${TRACING}/events/hyperv`) return 'hypercalls have events in this group, too';
  return undefined;
}
