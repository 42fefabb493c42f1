import type { IrqDomain } from '../../irq/data/revmap.js';
import type { MsiDesc } from '../../irq/msi/msi-desc.js';
import { type MsiReceiver, MsiTable } from './msi-table.js';

/** What a PCI device is, as far as its interrupts go. */
export interface PciDeviceOptions {
  /** Its address, as sysfs shows it: `0000:00:04.0`. */
  readonly name: string;
  /** NUMA node; default -1: none. */
  readonly node?: number;
  /** GUID of the VMBus device that its bus is, on a bus of Hyper-V; default: one with the number of its PCI domain. */
  readonly instance?: string;
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
  private readonly givenInstance: string | undefined;

  /** @param receiver takes its messages. */
  constructor(receiver: (device: PciDevice) => MsiReceiver, options: PciDeviceOptions) {
    const { name, node = -1, msix = 0, msi = 0, msiMasks = false } = options;
    this.givenInstance = options.instance;
    this.name = name;
    this.node = node;
    this.msixSize = msix;
    this.msiSize = msi;
    this.msiMasks = msiMasks;
    this.receiver = receiver(this);
    this.table = new MsiTable(this.receiver);
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
  /** What controllers of its bus know it by (pci_dev_id); 0 for a name without an address. */
  get requester(): number {
    return this.address?.devid ?? 0;
  }
  /** GUID of the VMBus device that its bus is, whose second part is the number of the PCI domain (hv_pci_probe). */
  get instance(): string {
    const number = (this.address?.domain ?? 0).toString(16).padStart(4, '0');
    return this.givenInstance ?? `00000000-${number}-0000-0000-000000000000`;
  }
}
