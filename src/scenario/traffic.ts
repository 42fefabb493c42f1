import { parseCpuList } from '../machine/cpumask-text.js';
import type { DiskIoOptions, WorkloadGuest } from './port.js';
import type { DiskWorkload, WorkloadItem } from './scenario.js';
import type { SignalTally, WorkloadTimes } from './workload.js';

type Item<K extends WorkloadItem['kind']> = WorkloadItem & { kind: K };

/** How many CPUs a list can name. */
const MAX_CPUS = 8192;

/** Keeps a number of I/Os under way: each completion submits the next one, on the same CPU. */
export function startDiskLoop(
  guest: WorkloadGuest,
  item: Item<'diskLoop'>,
  { startNs, endNs }: WorkloadTimes,
): SignalTally {
  const { relid, outstanding, ios = Number.POSITIVE_INFINITY, fromNs, untilNs = endNs } = item;
  const tally = { sent: 0, unsent: 0, completed: 0 };
  const until = startNs + Math.min(untilNs, endNs);
  const submitters = submitterChoice(item);
  const submit = (submitter: number): void => {
    if (tally.sent >= ios || guest.now >= until) return;
    const completed = (ok: boolean): void => {
      if (ok) tally.completed += 1;
      else tally.unsent += 1;
      if (ok) submit(submitter);
    };
    if (guest.submitIo(relid, { ...submitters(submitter), completed })) tally.sent += 1;
    else tally.unsent += 1;
  };
  guest.at(startNs + fromNs, () => {
    for (let submitter = 0; submitter < outstanding; submitter++) submit(submitter);
  });
  return tally;
}

/** Submits I/Os at even distances, however many are under way. */
export function startDiskRate(
  guest: WorkloadGuest,
  item: Item<'diskRate'>,
  { startNs, endNs }: WorkloadTimes,
): SignalTally {
  const { relid, ios, fromNs, duringNs } = item;
  const tally = { sent: 0, unsent: 0, completed: 0 };
  const submitters = submitterChoice(item);
  const completed = (ok: boolean): void => {
    if (ok) tally.completed += 1;
    else tally.unsent += 1;
  };
  repeat(guest, ios, { fromNs, duringNs, startNs, endNs }, (index) => {
    if (guest.submitIo(relid, { ...submitters(index), completed })) tally.sent += 1;
    else tally.unsent += 1;
  });
  return tally;
}

/** Has frames come and go at even distances. */
export function startFrames(
  guest: WorkloadGuest,
  item: Item<'frames'>,
  { startNs, endNs }: WorkloadTimes,
): SignalTally {
  const { relid, direction, flows, packets, burst, fromNs, duringNs, bytes } = item;
  const tally: SignalTally = { sent: 0, unsent: 0 };
  let next = 0;
  repeat(guest, Math.ceil(packets / burst), { fromNs, duringNs, startNs, endNs }, () => {
    for (let i = 0; i < burst && next < packets; i++, next++) {
      if (guest.frame(relid, { direction, flow: next % flows, bytes })) tally.sent += 1;
      else tally.unsent += 1;
    }
  });
  return tally;
}

/** Does `action` `times` times, each in the middle of its share of the time. */
function repeat(
  guest: WorkloadGuest,
  times: number,
  {
    fromNs,
    duringNs,
    startNs,
    endNs,
  }: WorkloadTimes & { readonly fromNs: number; readonly duringNs: number },
  action: (index: number) => void,
): void {
  let index = 0;
  const schedule = (): void => {
    if (index >= times) return;
    const timeNs = fromNs + Math.floor(((index + 0.5) / times) * duringNs);
    if (timeNs <= endNs) guest.at(startNs + timeNs, act);
  };
  const act = (): void => {
    action(index);
    index += 1;
    schedule();
  };
  schedule();
}

/** What the I/O of a submitter with a number from 0 on is like. */
function submitterChoice({
  cpus,
  bytes,
  isWrite,
}: DiskWorkload): (submitter: number) => Omit<DiskIoOptions, 'completed'> {
  const list = cpus === undefined ? undefined : [...parseCpuList(cpus, MAX_CPUS)];
  return (submitter) => ({ submitter, cpus: list, bytes, isWrite });
}
