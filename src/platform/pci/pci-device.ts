import type { IrqDomain } from '../../irq/data/revmap.js';
import type { MsiDesc } from '../../irq/msi/msi-desc.js';
import { type MsiReceiver, MsiTable } from './msi-table.js';

/** What a PCI device is, as far as its interrupts go. */
export interface PciDeviceOptions {
  /** Its address, as sysfs shows it: `0000:00:04.0`. */
  readonly name: string;
  /** NUMA node; default -1: none. */
  readonly node?: number;
  /** Entries of its MSI-X table; default 0: it has none. */
  readonly msix?: number;
  /** Messages of its MSI capability; default 0: it has none. */
  readonly msi?: number;
  /** The MSI capability has mask bits; default false. */
  readonly msiMasks?: boolean;
}

/** A PCI device's interrupts: MSI-X, or MSI (struct pci_dev). */
export class PciDevice {
  readonly name: string;
  readonly node: number;
  readonly msixSize: number;
  readonly msiSize: number;
  readonly msiMasks: boolean;
  /** Which of the two is in use. */
  enabled: 'msix' | 'msi' | null = null;
  /** The domain of the device's own, kept from one use to the next. */
  domain: IrqDomain | null = null;
  domainKind: 'msix' | 'msi' | null = null;
  descs: readonly MsiDesc[] = [];
  /** The table that is in use. */
  table: MsiTable;
  private readonly receiver: MsiReceiver;

  constructor(receiver: MsiReceiver, options: PciDeviceOptions) {
    const { name, node = -1, msix = 0, msi = 0, msiMasks = false } = options;
    this.receiver = receiver;
    this.name = name;
    this.node = node;
    this.msixSize = msix;
    this.msiSize = msi;
    this.msiMasks = msiMasks;
    this.table = new MsiTable(receiver);
  }

  /** Begins with a fresh table, all masked. */
  enable(kind: 'msix' | 'msi'): void {
    this.enabled = kind;
    this.table = new MsiTable(this.receiver, kind === 'msix' || this.msiMasks);
  }

  /** Domain, bus, device and function in one number (pci_domain_nr, pci_dev_id); undefined for a name without them. */
  get address(): { readonly domain: number; readonly devid: number } | undefined {
    const match = /^([0-9a-f]+):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/.exec(this.name);
    if (match === null) return undefined;
    const [domain, bus, slot, func] = match.slice(1).map((part) => Number.parseInt(part, 16));
    return { domain, devid: (bus << 8) | (slot << 3) | func };
  }
}
