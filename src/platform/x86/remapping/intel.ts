import type { Hwirq } from '../../../lib/brand.js';
import { errnoValue } from '../../../lib/errno.js';
import type { IrqCore } from '../../../irq/core.js';
import type { MsiMsg } from '../../../irq/data/irqdata.js';
import { type RemappingEntry, RemappingTable } from './entry.js';
import type { RemappingParts } from './unit.js';
import { type RemappingRequest, type RemappingVendor, VendorRemapping } from './vendor.js';

/** Entries of the table (INTR_REMAP_TABLE_ENTRIES). */
const TABLE_ENTRIES = 65536;
/** DOMAIN_BUS_DMAR */
const BUS_TOKEN = 13;

/** One table for all devices, whose entries' numbers are in the address that a device writes to. */
class IntelTable implements RemappingVendor {
  readonly chipName = 'INTEL-IR';
  readonly chipSymbol = 'intel_ir_chip';
  readonly busToken = BUS_TOKEN;
  readonly domainSize = TABLE_ENTRIES;
  readonly fullMessage = 'DMAR-IR: Failed to allocate IRTE';
  private readonly table = new RemappingTable(0, TABLE_ENTRIES);

  /** alloc_irte */
  take({ count }: RemappingRequest): RemappingEntry[] | number {
    const first = this.table.findFree(count);
    if (first < 0) return errnoValue('ENOMEM');
    return Array.from({ length: count }, (_, i) => this.table.take(first + i));
  }

  release(entry: RemappingEntry): void {
    this.table.release(entry);
  }

  /** A sub-handle tells apart those that one device got in a row. */
  hwirqOf({ index }: RemappingEntry, nth: number): Hwirq {
    return (index - nth) * 2 ** 16 + nth;
  }

  /** Bit 4 says that it names an entry (DMAR format, index bits 0 to 14 from bit 5 on, bit 15 in bit 2). */
  messageOf({ index }: RemappingEntry): MsiMsg {
    const addressLo = (0xfee00000 | 0x10 | ((index & 0x7fff) << 5) | ((index >>> 15) << 2) | 0x8) >>> 0;
    return { addressHi: 0, addressLo, data: 0 };
  }

  entryFor({ addressLo }: MsiMsg): RemappingEntry | undefined {
    if ((addressLo & 0x10) === 0) return undefined;
    return this.table.get(((addressLo >>> 5) & 0x7fff) | (((addressLo >>> 2) & 1) << 15));
  }
}

/** Intel's VT-d (drivers/iommu/intel/irq_remapping.c). */
export class IntelRemapping extends VendorRemapping {
  constructor(core: IrqCore, parts: RemappingParts) {
    super(core, parts, new IntelTable());
  }
}
