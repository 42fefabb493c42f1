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

export function checkDuring(duringNs: Ns, at: Path, { report }: Checks): void {
  if (duringNs < 1) report([...at, 'during'], 'expected more than 0s');
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
