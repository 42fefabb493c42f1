import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { CpuMask } from '../../machine/cpumask.js';
import { irqMoveIrq } from '../../irq/affinity/migration.js';
import type { IrqCore } from '../../irq/core.js';
import { IRQ_SET_MASK_OK_DONE } from '../../irq/data/irqchip.js';
import type { IrqChip, IrqData, MsiMsg } from '../../irq/data/irqdata.js';
import {
  type IrqDomain,
  irqDomainFlags,
  irqDomainGetIrqData,
  type IrqDomainOps,
} from '../../irq/data/revmap.js';
import { irqStatus } from '../../irq/data/settings.js';
import { irqSetStatusFlags } from '../../irq/management/chip.js';
import { irqDomainCreateHierarchy } from '../../irq/mapping/create-domain.js';
import { irqDomainAllocIrqsParent, irqDomainFreeIrqsCommon } from '../../irq/mapping/hierarchy.js';
import { irqDomainSetHwirqAndChip } from '../../irq/mapping/hierarchy-data.js';
import type { LocalApics } from './local-apic.js';
import { composeMsiMsg } from './msi-msg.js';
import { lineOf, type Vectors } from './vectors.js';

/** Appended to the domain's name since it has messages' domains on top of it (DOMAIN_BUS_DMAR). */
const BUS_TOKEN = 13;
/** Entries of a remapping table (INTR_REMAP_TABLE_ENTRIES). */
const TABLE_ENTRIES = 65536;

/**
 * The remapping unit as a chip: devices send it the number of a table entry, which says where the interrupt goes, so a
 * move is one write, and needs no interrupt to make it (drivers/iommu/intel/irq_remapping.c intel_ir_chip).
 */
class RemappingChip implements IrqChip {
  readonly name = 'INTEL-IR';
  readonly symbol = 'intel_ir_chip';

  constructor(
    private readonly vectors: Vectors,
    private readonly apics: LocalApics,
  ) {}

  irqAck(d: IrqData): void {
    irqMoveIrq(d);
    this.apics.eoi();
  }

  irqSetAffinity(d: IrqData, dest: CpuMask, force: boolean): number {
    const parent = d.parentData;
    const ret = parent?.chip.irqSetAffinity?.(parent, dest, force) ?? errnoValue('ENOSYS');
    if (ret < 0 || ret === IRQ_SET_MASK_OK_DONE) return ret;
    this.writeEntry(d);
    this.vectors.moves.scheduleCleanup(lineOf(d));
    return IRQ_SET_MASK_OK_DONE;
  }

  /** The message stays the same wherever the interrupt goes. */
  irqComposeMsiMsg({ chipData }: IrqData): MsiMsg {
    return { addressHi: 0, addressLo: entryAddress(chipData as RemappingEntry), data: 0 };
  }

  /** Tells the unit where the line's interrupts go now. */
  writeEntry(d: IrqData): void {
    const { configuredCpu, configuredVector } = lineOf(d);
    (d.chipData as RemappingEntry).target = composeMsiMsg(configuredCpu, configuredVector);
  }
}

/** One entry of the table (struct irte). */
class RemappingEntry {
  target: MsiMsg = { addressHi: 0, addressLo: 0, data: 0 };

  constructor(readonly index: number) {}
}

/** Bit 4 of an address says that it names an entry (DMAR format, index bits 0 to 14 from bit 5 on, bit 15 in bit 2). */
function entryAddress({ index }: RemappingEntry): number {
  return (0xfee00000 | 0x10 | ((index & 0x7fff) << 5) | ((index >>> 15) << 2) | 0x8) >>> 0;
}

/** The domain between vectors and IO-APIC or PCI messages, and the table that messages go through. */
export class InterruptRemapping implements IrqDomainOps {
  readonly domain: IrqDomain;
  private readonly chip: RemappingChip;
  private readonly entries = new Map<number, RemappingEntry>();

  constructor(core: IrqCore, parent: IrqDomain, vectors: Vectors, apics: LocalApics) {
    this.chip = new RemappingChip(vectors, apics);
    const { perDeviceMsiDomains } = core.behaviour;
    this.domain = irqDomainCreateHierarchy(core, {
      name: perDeviceMsiDomains ? `INTEL-IR-0-${BUS_TOKEN}` : 'INTEL-IR-0',
      size: TABLE_ENTRIES,
      parent,
      flags: perDeviceMsiDomains ? irqDomainFlags.ISOLATED_MSI | irqDomainFlags.MSI_PARENT : 0,
      ops: this,
    });
  }

  alloc(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number {
    const ret = irqDomainAllocIrqsParent(domain, irq, count, arg);
    if (ret < 0) return ret;
    const first = this.freeEntries(count);
    if (first < 0) {
      domain.core.machine.log.printk('DMAR-IR: Failed to allocate IRTE');
      irqDomainFreeIrqsCommon(domain, irq, count);
      return errnoValue('ENOMEM');
    }
    for (let i = 0; i < count; i++) {
      const entry = new RemappingEntry(first + i);
      this.entries.set(entry.index, entry);
      // A sub-handle tells apart those that one device got in a row.
      const hwirq = first * 2 ** 16 + i;
      irqDomainSetHwirqAndChip(domain, irq + i, { hwirq, chip: this.chip, chipData: entry });
      const { moveInProcessContext } = domain.core.behaviour;
      if (moveInProcessContext === 'status') irqSetStatusFlags(domain.core, irq + i, irqStatus.MOVE_PCNTXT);
    }
    return 0;
  }

  free(domain: IrqDomain, irq: Irq, count: number): void {
    for (let i = irq; i < irq + count; i++) {
      const entry = levelEntry(domain, i);
      if (entry !== null) this.entries.delete(entry.index);
    }
    irqDomainFreeIrqsCommon(domain, irq, count);
  }

  activate(_domain: IrqDomain, d: IrqData): number {
    this.chip.writeEntry(d);
    return 0;
  }

  deactivate(_domain: IrqDomain, d: IrqData): void {
    (d.chipData as RemappingEntry).target = { addressHi: 0, addressLo: 0, data: 0 };
  }

  /** Where a message goes that a device has sent; one that names no entry of the table is blocked. */
  remap(msg: MsiMsg): MsiMsg | undefined {
    if ((msg.addressLo & 0x10) === 0) return undefined;
    const index = ((msg.addressLo >>> 5) & 0x7fff) | (((msg.addressLo >>> 2) & 1) << 15);
    return this.entries.get(index)?.target;
  }

  /** The first of `count` free entries in a row, -1 if there are none (alloc_irte). */
  private freeEntries(count: number): number {
    for (let first = 0; first < TABLE_ENTRIES; first++) {
      let free = 0;
      while (free < count && first + free < TABLE_ENTRIES && !this.entries.has(first + free)) free += 1;
      if (free === count) return first;
    }
    return -1;
  }
}

function levelEntry(domain: IrqDomain, irq: Irq): RemappingEntry | null {
  const data = irqDomainGetIrqData(domain, irq);
  return data !== null && data.chipData instanceof RemappingEntry ? data.chipData : null;
}
