import { z } from 'zod';
import type { Irq, Ns, Relid } from '../../lib/brand.js';
import type { Checks } from '../checks/checks.js';
import type { GuestOptions } from '../options/guest.js';
import type { Path } from '../place.js';
import type { WorkloadGuest } from '../port.js';
import { list } from '../schema/shapes.js';
import { disk } from './disk.js';
import { type DiskLoop, diskLoop } from './disk-loop.js';
import { type DiskRate, diskRate } from './disk-rate.js';
import { type Frames, frames, nic } from './frames.js';
import { type Periodic, periodic } from './periodic.js';
import { interrupts, signals } from './signals.js';
import { type Spread, spread } from './spread.js';
import type { SignalTally, WorkloadKind } from './workload.js';

/** Signals of the host to one channel, interrupts of a device outside VMBus, or traffic over a device. All times count from the moment the guest has booted. */
export type WorkloadItem = Spread | Periodic | DiskLoop | DiskRate | Frames;

const kinds: {
  readonly [Kind in WorkloadItem['kind']]: WorkloadKind<Extract<WorkloadItem, { kind: Kind }>>;
} = { spread, periodic, diskLoop, diskRate, frames };

function kindOf(item: WorkloadItem): WorkloadKind<WorkloadItem> {
  return kinds[item.kind] as WorkloadKind<WorkloadItem>;
}

const what =
  'a workload such as {relid: 7, signals: 100, during: 10s}, {irq: 8, every: 1ms}, {disk: 14, outstanding: 32, ios: 1000} or ' +
  '{nic: 13, packets: 1000, rate: 100}';

/** The workloads of a scenario file. */
export const workload = list(
  'a list of workloads',
  z.union([signals, interrupts, disk, nic], { error: what }).superRefine((item, context) => {
    kindOf(item).checkItself(item, (at, message) =>
      context.addIssue({ code: 'custom', path: [...at], message }),
    );
  }),
);

/** Checks an item against the scenario that it is in. `at`: the item's path. */
export function checkWorkload(item: WorkloadItem, at: Path, checks: Checks): void {
  const kind = kindOf(item);
  const { key = 'relid', driver, pci = [] } = kind.device ?? {};
  if (item.relid !== undefined) checks.relids.mention(item.relid, [...at, key], driver);
  else if ('line' in item) checks.lines.mention(item.line, at);
  else checks.pci.mention(item.device, [...at, key], pci);
  kind.check?.(item, at, checks);
}

/** What an item is about, as its file names it. */
export interface WorkloadSubject {
  readonly relid?: Relid;
  readonly irq?: Irq;
  readonly device?: string;
}

export function subjectOf(item: WorkloadItem): WorkloadSubject {
  if (item.relid !== undefined) return { relid: item.relid };
  return 'line' in item ? { irq: item.line.irq } : { device: item.device };
}

/** When a workload item is over, from the end of booting; undefined: not before the run. */
export function endOf(item: WorkloadItem): Ns | undefined {
  return kindOf(item).endNs(item);
}

/** True if an item ends by itself, at a time that nobody knows before. */
export function endsByItself(item: WorkloadItem): boolean {
  return kindOf(item).endsByItself(item);
}

/** True once all I/Os of an item that ends by itself have come back, or cannot. */
export function isOver(item: WorkloadItem, tally: Readonly<SignalTally>): boolean {
  return kindOf(item).isOver(item, tally);
}

/** What is begun by startWorkloads: the part of a scenario that says so. */
export interface WorkloadPlan {
  readonly workload: readonly WorkloadItem[];
  readonly guest: Pick<GuestOptions, 'seed'>;
  readonly runNs: Ns | undefined;
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
  { workload: items, guest: { seed = 1 }, runNs }: WorkloadPlan,
  startNs: Ns,
  endNs: Ns = runNs ?? Number.POSITIVE_INFINITY,
): SignalTally[] {
  return items.map((item, i) => kindOf(item).start(guest, item, { startNs, endNs }, seed + i));
}
