import type { BootOp } from './boot.js';

const TRACING = '/sys/kernel/debug/tracing/';

/** Why an operation is not compared; undefined if it is. */
export function leftOutOf({ path }: BootOp): string | undefined {
  return String(path).startsWith(TRACING) ? 'tracefs has no events of VMBus' : undefined;
}
