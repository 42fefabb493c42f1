import type { Ns } from '../../lib/brand.js';
import type { WorkloadGuest } from '../port.js';
import { type SignalTarget, signalTarget } from './target.js';
import { inBursts } from './times.js';
import type { SignalTally, WorkloadTimes } from './workload.js';

/** Others wait for the end of so many signals: a millisecond at most. */
const PORTION = 10_000;

/**
 * Has the host signal a channel, or a device assert its line, at times that `timeOf` says.
 *
 * @param burst signals each time.
 * @param timeOf as for `inBursts`.
 */
export function sendSignals(
  guest: WorkloadGuest,
  target: SignalTarget,
  burst: number,
  times: WorkloadTimes,
  timeOf: (index: number) => Ns | undefined,
): SignalTally {
  const tally: SignalTally = { sent: 0, unsent: 0 };
  inBursts(guest, { burst, portion: PORTION }, times, timeOf, (count) => {
    const sent = signalTarget(guest, target, count);
    tally.sent += sent;
    tally.unsent += count - sent;
  });
  return tally;
}
