import type { Ns } from '../../lib/brand.js';
import type { Checks } from '../checks/checks.js';
import { formatDuration } from '../duration.js';
import type { Path, Report } from '../place.js';
import type { WorkloadGuest } from '../port.js';
import type { WorkloadTimes } from './workload.js';

/** What is done at one point of time. */
export interface Burst {
  readonly burst: number;
  /** It is done in portions of at most so many, between which others may have their turn. */
  readonly portion: number;
}

/**
 * Has something done `burst` times at each time that `timeOf` says.
 *
 * @param timeOf time of the burst with a number from 0 on, from the end of booting; undefined when there are no more.
 * @param act does it `count` times.
 */
export function inBursts(
  guest: WorkloadGuest,
  { burst, portion }: Burst,
  { startNs, endNs }: WorkloadTimes,
  timeOf: (index: number) => Ns | undefined,
  act: (count: number) => void,
): void {
  let next = 0;
  /** What of the present burst is still to come. */
  let left = burst;
  const schedule = (): void => {
    const timeNs = timeOf(next);
    if (timeNs === undefined || timeNs > endNs) return;
    guest.at(startNs + timeNs, goOn);
  };
  const goOn = (): void => {
    const count = Math.min(left, portion);
    act(count);
    left -= count;
    if (left > 0) {
      guest.at(guest.now, goOn);
      return;
    }
    next += 1;
    left = burst;
    schedule();
  };
  schedule();
}

/** Times in the middles of so many shares of a time; for `inBursts`. */
export function evenly(
  shares: number,
  { fromNs, duringNs }: { readonly fromNs: Ns; readonly duringNs: Ns },
): (index: number) => Ns | undefined {
  return (index) => (index >= shares ? undefined : fromNs + Math.floor(((index + 0.5) / shares) * duringNs));
}

/** More than so many signals, I/Os or packets take hours to run. */
const MOST_IN_ALL = 1_000_000_000;

/** @param what and how many of them are spread over the time. */
export function checkDuring(what: string, times: number, duringNs: Ns, report: Report): void {
  if (duringNs < 1) report(['during'], 'expected more than 0s');
  else if (times > duringNs)
    report([], `${times} ${what} in ${formatDuration(duringNs)} are more than one each nanosecond`);
  else checkInAll(what, times, [], report);
}

/** @param what and how many of them there are in the whole run. */
export function checkInAll(what: string, times: number, at: Path, report: Report): void {
  if (times > MOST_IN_ALL)
    report(at, `${Math.ceil(times)} ${what} in all are more than the ${MOST_IN_ALL} that can be run`);
}

/** What may have an end of its own. */
interface Lasting {
  readonly fromNs: Ns;
  readonly untilNs: Ns | undefined;
}

export function checkUntil({ fromNs, untilNs }: Lasting, report: Report): void {
  if (untilNs !== undefined && untilNs <= fromNs)
    report(['until'], `expected more than the ${formatDuration(fromNs)} of "from"`);
}

/** @param endless what is wrong with an item that has no end in a run that has none. */
export function checkEnds({ untilNs }: Lasting, at: Path, { report, runNs }: Checks, endless: string): void {
  if (untilNs === undefined && runNs === undefined) report(at, endless);
}
