import type { Ns } from '../../lib/brand.js';
import type { WorkloadGuest } from '../port.js';
import { type SignalTarget, signalTarget } from './target.js';
import { PORTION } from './times.js';
import type { SignalTally, WorkloadTimes } from './workload.js';

/**
 * Has the host signal a channel, or a device assert its line, at times that `timeOf` says.
 *
 * @param burst signals each time.
 * @param timeOf time of the burst with a number from 0 on, from the end of booting; undefined when there are no more.
 */
export function sendSignals(
  guest: WorkloadGuest,
  target: SignalTarget,
  burst: number,
  { startNs, endNs }: WorkloadTimes,
  timeOf: (index: number) => Ns | undefined,
): SignalTally {
  const tally: SignalTally = { sent: 0, unsent: 0 };
  let next = 0;
  /** Signals of the present burst that are still to come. */
  let left = burst;
  const schedule = (): void => {
    const timeNs = timeOf(next);
    if (timeNs === undefined || timeNs > endNs) return;
    guest.at(startNs + timeNs, signal);
  };
  const signal = (): void => {
    const portion = Math.min(left, PORTION);
    const sent = signalTarget(guest, target, portion);
    tally.sent += sent;
    tally.unsent += portion - sent;
    left -= portion;
    if (left > 0) {
      guest.at(guest.now, signal);
      return;
    }
    next += 1;
    left = burst;
    schedule();
  };
  schedule();
  return tally;
}
