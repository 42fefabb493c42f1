import type { Ns } from '../../lib/brand.js';
import type { Checks } from '../checks/checks.js';
import type { DriverName } from '../options/devices.js';
import type { PciDriverName } from '../options/pci.js';
import type { Path, Report } from '../place.js';
import type { WorkloadGuest } from '../port.js';

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

/** One kind of workload: all that is to be known of it but how it is written in a file. */
export interface WorkloadKind<Item extends { readonly kind: string }> {
  readonly kind: Item['kind'];
  /**
   * The key that names the workload's device, and the driver that it must have, or of a PCI device may have; undefined:
   * signals need no device.
   */
  readonly device?: {
    readonly key: string;
    readonly driver: DriverName;
    readonly pci: readonly PciDriverName[];
  };
  /** When an item is over, from the end of booting; undefined: not before the run. */
  endNs(item: Item): Ns | undefined;
  /** True if an item ends by itself, at a time that nobody knows before. */
  endsByItself(item: Item): boolean;
  /** True once all of an item that ends by itself has come back, or cannot. */
  isOver(item: Item, tally: Readonly<SignalTally>): boolean;
  /** Begins an item. @param seed of all that is random about it. */
  start(guest: WorkloadGuest, item: Item, times: WorkloadTimes, seed: number): SignalTally;
  /** Checks the values of an item against each other. @param report takes paths from the item on. */
  checkItself(item: Item, report: Report): void;
  /** Checks an item against the scenario that it is in. `at`: the item's path. */
  check?(item: Item, at: Path, checks: Checks): void;
}

/** Keys of a mapping that is a workload of one kind, with the rules for editors that go with them. */
export interface WorkloadForm<Keys> {
  readonly keys: Keys;
  readonly oneOf: readonly object[];
  readonly dependencies: Readonly<Record<string, unknown>>;
}
