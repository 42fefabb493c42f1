import type { Ns } from '../../lib/brand.js';
import type { Checks } from '../checks/checks.js';
import { formatDuration } from '../duration.js';
import type { Path } from '../place.js';
import type { WorkloadGuest } from '../port.js';
import type { WorkloadTimes } from './workload.js';

/** Does `action` `times` times, each in the middle of its share of the time. */
export function spreadEvenly(
  guest: WorkloadGuest,
  times: number,
  { fromNs, duringNs }: { readonly fromNs: Ns; readonly duringNs: Ns },
  { startNs, endNs }: WorkloadTimes,
  action: (index: number) => void,
): void {
  let index = 0;
  const schedule = (): void => {
    if (index >= times) return;
    const timeNs = middleOfShare(index, times, fromNs, duringNs);
    if (timeNs <= endNs) guest.at(startNs + timeNs, act);
  };
  const act = (): void => {
    action(index);
    index += 1;
    schedule();
  };
  schedule();
}

/** The middle of a share of the time, from 0 on. */
export function middleOfShare(index: number, shares: number, fromNs: Ns, duringNs: Ns): Ns {
  return fromNs + Math.floor(((index + 0.5) / shares) * duringNs);
}

/** More than so many signals, I/Os or packets take hours to run. */
const MOST_IN_ALL = 1_000_000_000;
/** What is done at one point of time is done in portions of so many, between which others may have their turn. */
export const PORTION = 10_000;

/** @param what and how many of them are spread over the time. */
export function checkDuring(what: string, times: number, duringNs: Ns, at: Path, checks: Checks): void {
  if (duringNs < 1) checks.report([...at, 'during'], 'expected more than 0s');
  else if (times > duringNs)
    checks.report(at, `${times} ${what} in ${formatDuration(duringNs)} are more than one each nanosecond`);
  else checkInAll(what, times, at, checks);
}

/** @param what and how many of them there are in the whole run. */
export function checkInAll(what: string, times: number, at: Path, { report }: Checks): void {
  if (times > MOST_IN_ALL)
    report(at, `${Math.ceil(times)} ${what} in all are more than the ${MOST_IN_ALL} that can be run`);
}

/** @param endless what is wrong with an item that has no end in a run that has none. */
export function checkUntil(
  { fromNs, untilNs }: { readonly fromNs: Ns; readonly untilNs: Ns | undefined },
  at: Path,
  { report, runNs }: Checks,
  endless: string | undefined,
): void {
  if (untilNs !== undefined && untilNs <= fromNs)
    report([...at, 'until'], `expected more than the ${formatDuration(fromNs)} of "from"`);
  if (untilNs === undefined && runNs === undefined && endless !== undefined) report(at, endless);
}
