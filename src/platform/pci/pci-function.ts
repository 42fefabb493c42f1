import type { Irq } from '../../lib/brand.js';

/** Who made a function, and what it is, as its configuration space says. */
export interface PciIdentity {
  readonly vendor: number;
  readonly device: number;
  readonly subsystemVendor: number;
  readonly subsystemDevice: number;
  readonly revision: number;
  /** Base class, subclass and programming interface, in 24 bits. */
  readonly classCode: number;
}

/** An interrupt vector that a function has. */
export interface PciVector {
  readonly irq: Irq;
  readonly kind: 'msix' | 'msi';
}

/** A PCI function, as far as its interrupts go. */
export interface PciFunction {
  /** Its address, as sysfs shows it: `0000:00:04.0`. */
  readonly name: string;
  /** NUMA node; -1: none. */
  readonly node: number;
  /** Entries of its MSI-X table. */
  readonly msix: number;
  /** Numbers of its interrupts, where somebody else has made them; its table is not known then. */
  readonly lines?: readonly PciVector[];
  /** The bus that it is on, where a platform has several; default: the platform's own. */
  readonly bus?: PciBus;
  /** GUID of the VMBus device that its bus is, on a bus of Hyper-V; default: one with the number of its PCI domain. */
  readonly instance?: string;
  /** What it is; default: nobody asks. */
  readonly identity?: PciIdentity;
  /** Where it stands in sysfs: the directory of what its root bus hangs on; default: /sys/devices itself. */
  readonly parent?: string;
  /** Name of its slot, by which the host and its drivers know it; default: it has none. */
  readonly slot?: string;
}

/** A bus of PCI devices: a machine's own, or one that Hyper-V passes through a channel of VMBus. */
export type PciBus = 'pci' | 'hyperv';
