import type { Ns } from '../lib/brand.js';
import { formatDuration } from '../scenario/duration.js';
import type { RunOptions } from '../scenario/runner.js';

/** The clock is looked at for so many events only: there are millions of them. */
const EVENTS_PER_LOOK = 64;
/** Who waits less needs to be told nothing. */
const SHOWN_EVERY_MS = 500;

/**
 * Tells every half second of real time how far a run is, the first time half a second after it began.
 *
 * @param label what stands before it, such as the choice that is compared.
 * @param clock real time in ms.
 */
export function showRun(
  tell: (text: string) => void,
  label = '',
  clock: () => number = () => performance.now(),
): Required<RunOptions>['watch'] {
  let events = 0;
  let nextMs = clock() + SHOWN_EVERY_MS;
  return (atNs, runNs) => {
    events += 1;
    if (events % EVENTS_PER_LOOK !== 0) return;
    const nowMs = clock();
    if (nowMs < nextMs) return;
    nextMs = nowMs + SHOWN_EVERY_MS;
    tell(label + soFar(atNs, runNs));
  };
}

/** Work that ends by itself goes on after the end that is known. */
function soFar(atNs: Ns, runNs: Ns): string {
  if (atNs >= runNs) return `${inMs(atNs)} of virtual time`;
  return `${inMs(atNs)} of ${inMs(runNs)} of virtual time, ${Math.floor((100 * atNs) / runNs)} %`;
}

function inMs(ns: Ns): string {
  return formatDuration(Math.floor(ns / 1e6) * 1e6);
}
