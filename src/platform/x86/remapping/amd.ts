import type { Hwirq } from '../../../lib/brand.js';
import { errnoValue } from '../../../lib/errno.js';
import type { IrqCore } from '../../../irq/core.js';
import type { MsiMsg } from '../../../irq/data/irqdata.js';
import { IOAPIC_REQUESTER } from '../ioapic-pin.js';
import { type RemappingEntry, RemappingTable } from './entry.js';
import type { RemappingParts } from './unit.js';
import { type RemappingRequest, type RemappingVendor, VendorRemapping } from './vendor.js';

/** Entries of a device's table (MAX_IRQS_PER_TABLE, MAX_IRQS_PER_TABLE_512). */
const TABLE_ENTRIES = 512;
/** DOMAIN_BUS_AMDVI */
const BUS_TOKEN = 14;
/** What all devices write to. */
const MSI_BASE_ADDRESS = 0xfee00000;

/** A table for each device, whose entries' numbers are the data that a device writes. */
class AmdTables implements RemappingVendor {
  readonly chipName = 'AMD-IR';
  readonly chipSymbol = 'amd_ir_chip';
  readonly busToken = BUS_TOKEN;
  readonly domainSize = 0;
  readonly fullMessage = 'AMD-Vi: Failed to allocate IRTE';
  private readonly tables = new Map<number, RemappingTable>();

  /** A pin's entry has its number; several MSIs in a row begin at a multiple of their power of two (alloc_irq_index). */
  take({ count, hwirq, desc }: RemappingRequest): RemappingEntry[] | number {
    const table = this.tableOf(desc?.requester ?? IOAPIC_REQUESTER);
    if (desc === undefined) return [table.take(hwirq)];
    const align = 2 ** (32 - Math.clz32(count - 1));
    const first = table.findFree(count, align);
    if (first < 0) return errnoValue('ENOSPC');
    return Array.from({ length: count }, (_, i) => table.take(first + i));
  }

  release(entry: RemappingEntry): void {
    this.tableOf(entry.requester).release(entry);
  }

  /** All that a device did not get in a row have the same number, which nobody looks up. */
  hwirqOf({ requester }: RemappingEntry, nth: number): Hwirq {
    return requester * 2 ** 16 + nth;
  }

  /** fill_msi_msg */
  messageOf({ index }: RemappingEntry): MsiMsg {
    return { addressHi: 0, addressLo: MSI_BASE_ADDRESS, data: index };
  }

  entryFor({ addressLo, data }: MsiMsg, requester: number): RemappingEntry | undefined {
    return addressLo === MSI_BASE_ADDRESS ? this.tables.get(requester)?.get(data) : undefined;
  }

  private tableOf(requester: number): RemappingTable {
    let table = this.tables.get(requester);
    if (table === undefined) {
      table = new RemappingTable(requester, TABLE_ENTRIES);
      this.tables.set(requester, table);
    }
    return table;
  }
}

/** AMD-Vi (drivers/iommu/amd/iommu.c). */
export class AmdRemapping extends VendorRemapping {
  constructor(core: IrqCore, parts: RemappingParts) {
    super(core, parts, new AmdTables());
  }
}
