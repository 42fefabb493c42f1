import type { CpuId, Irq, Relid } from '../../lib/brand.js';
import type { WorkloadGuest } from '../port.js';

/** A device's line outside VMBus. */
export interface LineTarget {
  readonly irq: Irq;
  /** The device, by the name of its action; undefined: the first with a driver. */
  readonly name: string | undefined;
  /** The CPU whose line is meant, of a per-CPU line. */
  readonly cpu: CpuId | undefined;
}

/** What signals go to: a channel, or a line outside VMBus. */
export type SignalTarget =
  | { readonly relid: Relid; readonly line?: undefined }
  | { readonly line: LineTarget; readonly relid?: undefined };

/** Signals a channel, or has a device assert its line. @returns how many of the `times` times that could be done. */
export function signalTarget(guest: WorkloadGuest, { relid, line }: SignalTarget, times: number): number {
  if (line === undefined) return guest.signal(relid, times);
  try {
    return guest.raise(line.irq, times, line);
  } catch (error) {
    // The line is not what it was: its device has gone, or another has its number.
    if (error instanceof RangeError) return 0;
    throw error;
  }
}

/** How many signals a target has had. */
export function signalsHad(guest: WorkloadGuest, { relid, line }: SignalTarget): number {
  return line === undefined ? guest.signalled(relid) : guest.raised(line.irq);
}

/** What data moves to and from: a device of VMBus by its primary channel, or a PCI device by its name. */
export type QueueTarget =
  | { readonly relid: Relid; readonly device?: undefined }
  | { readonly device: string; readonly relid?: undefined };

/** A device as a file names it. */
export function queueTarget(named: Relid | string): QueueTarget {
  return typeof named === 'number' ? { relid: named } : { device: named };
}
