import type { Irq, Ns } from '../../lib/brand.js';

/** Drivers of PCI functions outside Hyper-V's own. */
export const pciDrivers = ['nvme', 'virtio-net', 'virtio-blk', 'mana', 'mlx5', 'msix', 'lines'] as const;
/** A driver of a PCI function, as options name it. */
export type PciDriverName = (typeof pciDrivers)[number];

/** Buses that a machine's PCI functions can be on. */
export const pciBuses = ['pci', 'hyperv'] as const;

/** A PCI function with its driver. */
export interface PciDeviceOptions {
  readonly driver: PciDriverName;
  /** Its address; default: the next free slot from 0000:00:04.0 on, or on a bus of Hyper-V 0001:00:00.0, 0002:00:00.0, … */
  readonly bdf?: string;
  /** `hyperv`: on a bus that Hyper-V passes through VMBus; default: the machine's own if it has one, else hyperv. */
  readonly bus?: (typeof pciBuses)[number];
  /** On a bus of Hyper-V: GUID of the VMBus device that the bus is; its second part is the PCI domain, unless bdf says. */
  readonly instance?: string;
  /** Queues that the device has: I/O queues, pairs of a network adapter, vectors of `msix`. Default 1. */
  readonly queues?: number;
  /** Entries of its MSI-X table; default: as many as its driver would have. */
  readonly vectors?: number;
  /** NUMA node; default: none. */
  readonly node?: number;
  /** How long the device takes for one request; default 100 µs. */
  readonly latencyNs?: Ns;
  /** Vendor and device, `15b3:1016`; default: those of its driver's usual device. */
  readonly id?: string;
  /** Base class, subclass and programming interface; default: its driver's. */
  readonly classCode?: number;
  /** On a bus of Hyper-V: its serial number there, which its slot is named by; default: counted on. */
  readonly serial?: number;
  /** lines: numbers of its interrupts, which `interrupts` says more of; default: none. */
  readonly irqs?: readonly Irq[];
  /** lines: what kind of messages they are; default msix. */
  readonly kind?: 'msix' | 'msi';
  /** lines: the kernel's driver that has it in service, `ahci`; default: none has. */
  readonly kernelDriver?: string;
  /** lines: vendor and device of its subsystem, `1414:0000`; default: its vendor, and 0. */
  readonly subsystem?: string;
  /** lines: its revision; default 0. */
  readonly revision?: number;
  /** msix: what its interrupts are called: `name-0`, `name-1`, …; default `msix`. */
  readonly name?: string;
  /** msix: the name of each interrupt, in place of `name-0` and on; there are as many queues. */
  readonly names?: readonly string[];
  /** msix: the kernel spreads its vectors over CPUs and manages them; default false. */
  readonly managed?: boolean;
}

/** The first slot that is given to devices without an address. */
export const FIRST_SLOT = 4;

/** Address of a slot of the first bus. */
export function slotAddress(slot: number): string {
  return `0000:00:${slot.toString(16).padStart(2, '0')}.0`;
}

/** Address of the one function of a bus of Hyper-V. */
export function hypervAddress(domain: number): string {
  return `${domain.toString(16).padStart(4, '0')}:00:00.0`;
}

/** The PCI domain that a bus of Hyper-V asks for: the second part of its GUID (hv_pci_probe). */
export function instanceDomain(instance: string): number {
  return Number.parseInt(instance.slice(9, 13), 16);
}

/** What a device is called in Linux, of its kind's number: the lowest that is free. */
export function pciDeviceName(
  { driver, name = 'msix', bdf }: PciDeviceOptions,
  taken: ReadonlySet<string>,
): string {
  if (driver === 'msix') return name;
  if (driver === 'lines' && bdf !== undefined) return bdf;
  const stem = driver.startsWith('virtio') ? 'virtio' : driver;
  let number = 0;
  while (taken.has(`${stem}${number}`)) number += 1;
  return `${stem}${number}`;
}
