import type { Ns } from '../lib/brand.js';
import { Prng } from '../lib/prng.js';
import type { WorkloadGuest } from './port.js';
import type { Scenario, WorkloadItem } from './scenario.js';
import { startDiskLoop, startDiskRate, startFrames } from './traffic.js';

/** What came of the signals, I/Os or packets of one workload item. */
export interface SignalTally {
  sent: number;
  /** Those that could not be sent because the channel was not open, or the device not in service. */
  unsent: number;
  /** I/Os that have been completed; undefined for other workloads. */
  completed?: number;
}

/** Times that a workload runs in. */
export interface WorkloadTimes {
  /** The guest's time that the scenario's times count from. */
  readonly startNs: Ns;
  /** End of the run, from there. */
  readonly endNs: Ns;
}

/** When a workload item is over, from the end of booting; undefined: not before the run. */
export function endOf(item: WorkloadItem): Ns | undefined {
  return item.kind === 'periodic' || item.kind === 'diskLoop' ? item.untilNs : item.fromNs + item.duringNs;
}

/** True if an item ends by itself, at a time that nobody knows before. */
export function endsByItself(item: WorkloadItem): boolean {
  return item.kind === 'diskLoop' && item.ios !== undefined;
}

/** True once all I/Os of an item that ends by itself have come back, or cannot. */
export function isOver(item: WorkloadItem, { sent, unsent, completed = 0 }: Readonly<SignalTally>): boolean {
  return (
    item.kind !== 'diskLoop' ||
    item.ios === undefined ||
    unsent > 0 ||
    (sent >= item.ios && completed >= sent)
  );
}

/**
 * Has the host signal and the devices move data as the scenario's workload says, while the guest's time passes. One
 * event for each item is on the guest's clock, which schedules the next.
 *
 * @param startNs the guest's time that the scenario's times count from.
 * @param endNs the end of the run, from there; default: what the scenario says.
 * @returns one tally for each item, which goes on counting.
 */
export function startWorkloads(
  guest: WorkloadGuest,
  { workload, guest: { seed = 1 }, runNs }: Pick<Scenario, 'workload' | 'guest' | 'runNs'>,
  startNs: Ns,
  endNs: Ns = runNs ?? Number.POSITIVE_INFINITY,
): SignalTally[] {
  return workload.map((item, i) => startWorkload(guest, item, { startNs, endNs }, seed + i));
}

function startWorkload(
  guest: WorkloadGuest,
  item: WorkloadItem,
  times: WorkloadTimes,
  seed: number,
): SignalTally {
  switch (item.kind) {
    case 'diskLoop':
      return startDiskLoop(guest, item, times);
    case 'diskRate':
      return startDiskRate(guest, item, times);
    case 'frames':
      return startFrames(guest, item, times);
    default:
      return startSignals(guest, item, times, seed);
  }
}

function startSignals(
  guest: WorkloadGuest,
  item: WorkloadItem & { kind: 'spread' | 'periodic' },
  { startNs, endNs }: WorkloadTimes,
  seed: number,
): SignalTally {
  const tally: SignalTally = { sent: 0, unsent: 0 };
  const times = item.kind === 'periodic' ? item.burst : 1;
  const timeOf = item.kind === 'spread' ? spreadTimes(item, guest) : periodicTimes(item, endNs, seed);
  let next = 0;
  const schedule = () => {
    const timeNs = timeOf(next);
    if (timeNs === undefined || timeNs > endNs) return;
    guest.at(startNs + timeNs, signal);
  };
  const signal = () => {
    const sent = guest.signal(item.relid, times);
    tally.sent += sent;
    tally.unsent += times - sent;
    next += 1;
    schedule();
  };
  schedule();
  return tally;
}

/** Time of the signal with a number from 0 on; undefined when there are no more. */
type TimeOf = (index: number) => Ns | undefined;

/** Each signal in the middle of its share of the time. */
function spreadTimes(item: WorkloadItem & { kind: 'spread' }, guest: WorkloadGuest): TimeOf {
  const { relid, fromNs, duringNs } = item;
  const signals = item.sinceBoot ? item.signals - guest.signalled(relid) : item.signals;
  return (index) => {
    if (index >= signals) return undefined;
    return fromNs + Math.floor(((index + 0.5) / signals) * duringNs);
  };
}

function periodicTimes(item: WorkloadItem & { kind: 'periodic' }, endNs: Ns, seed: number): TimeOf {
  const { everyNs, jitterNs, fromNs, untilNs = endNs } = item;
  const prng = new Prng(seed);
  return (index) => {
    const timeNs = fromNs + index * everyNs;
    if (timeNs >= untilNs) return undefined;
    return jitterNs === 0 ? timeNs : timeNs + Math.floor((prng.next() / 2 ** 32) * (jitterNs + 1));
  };
}
