/** How often something happened between snapshots. */
export interface Rate {
  /** So many times in all, over `seconds`. */
  readonly times: number;
  readonly seconds: number;
  /** Between the snapshots that it was counted at. */
  readonly intervals: number;
  /** Variance of the counts of equal intervals over their mean: 0 as a clock, 1 at random, more in bursts. */
  readonly dispersion: number;
}

/** Counters of the kernel begin again behind it. */
const WRAP = 2 ** 32;

/**
 * The rate of a counter.
 *
 * @param counts at each of `timesS`; undefined where the counter was not there.
 * @returns undefined if it was there less than twice, or went backwards, as when an interrupt has been given to another
 *   device.
 */
export function rateOf(timesS: readonly number[], counts: readonly (number | undefined)[]): Rate | undefined {
  const there = counts.flatMap((count, at) => (count === undefined ? [] : [{ count, timeS: timesS[at] }]));
  if (there.length < 2) return undefined;
  const steps = there.slice(1).map(({ count, timeS }, at) => ({
    times: (count - there[at].count + WRAP) % WRAP,
    seconds: timeS - there[at].timeS,
  }));
  if (steps.some(({ times }) => times >= WRAP / 2)) return undefined;
  const times = steps.reduce((sum, step) => sum + step.times, 0);
  const seconds = steps.reduce((sum, step) => sum + step.seconds, 0);
  return { times, seconds, intervals: steps.length, dispersion: dispersionOf(steps, times / seconds) };
}

function dispersionOf(steps: readonly { times: number; seconds: number }[], perSecond: number): number {
  if (steps.length < 2 || perSecond === 0) return 0;
  // Each interval against what it would have had of an even flow, which leaves intervals of other lengths comparable.
  const sum = steps.reduce(
    (all, { times, seconds }) => all + (times - perSecond * seconds) ** 2 / (perSecond * seconds),
    0,
  );
  return sum / (steps.length - 1);
}

/** What comes as often as that: `burst` at once each time `everyNs` has passed, give or take. */
export interface Rhythm {
  readonly everyNs: number;
  readonly burst: number;
  /** Times are random within each `everyNs`. */
  readonly isRandom: boolean;
}

/** What counts of a clock that falls between intervals differ by, over their mean. */
function dispersionOfClock({ times, intervals }: Rate): number {
  const mean = times / intervals;
  const part = mean - Math.floor(mean);
  return (part * (1 - part)) / mean;
}

/** From this dispersion on, beyond a clock's, counts are random. */
const RANDOM = 0.5;
/** How far a rhythm may be from the counts it is made of. */
const TOLERANCE = 0.01;

/**
 * A rhythm that comes to as many times in as much time. Where counts of intervals differ by more than chance, they come in
 * bursts: of signals that come so many at once, at random times, counts have a dispersion of so many.
 */
export function rhythmOf(rate: Rate): Rhythm {
  const { times, seconds, dispersion } = rate;
  let burst = Math.max(1, Math.min(Math.round(dispersion), times));
  while (burst > 1 && Math.abs(burst * Math.round(times / burst) - times) > times * TOLERANCE) burst -= 1;
  const bursts = Math.round(times / burst);
  return {
    everyNs: roundest(seconds * 1e9, bursts),
    burst,
    isRandom: dispersion - dispersionOfClock(rate) >= RANDOM,
  };
}

/** The roundest distance that has so many fit into a time, give or take. */
function roundest(timeNs: number, bursts: number): number {
  const exactNs = Math.ceil(timeNs / bursts);
  for (let digits = 1; digits < 12; digits++) {
    const everyNs = Math.round(Number(exactNs.toPrecision(digits)));
    if (Math.abs(Math.ceil(timeNs / everyNs) - bursts) <= bursts * TOLERANCE) return everyNs;
  }
  return exactNs;
}
