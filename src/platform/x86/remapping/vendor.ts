import type { Hwirq, Irq } from '../../../lib/brand.js';
import type { CpuMask } from '../../../machine/cpumask.js';
import type { IrqCore } from '../../../irq/core.js';
import { IRQ_SET_MASK_OK_DONE } from '../../../irq/data/irqchip.js';
import type { IrqChip, IrqData, MsiMsg } from '../../../irq/data/irqdata.js';
import {
  type IrqDomain,
  irqDomainFlags,
  irqDomainGetIrqData,
  type IrqDomainOps,
} from '../../../irq/data/revmap.js';
import { irqChipSetAffinityParent } from '../../../irq/line/chip-parent.js';
import { irqStatus } from '../../../irq/data/settings.js';
import { irqSetStatusFlags } from '../../../irq/management/chip.js';
import { irqDomainCreateHierarchy } from '../../../irq/mapping/create-domain.js';
import { irqDomainAllocIrqsParent, irqDomainFreeIrqsCommon } from '../../../irq/mapping/hierarchy.js';
import { irqDomainSetHwirqAndChip } from '../../../irq/mapping/hierarchy-data.js';
import type { MsiDesc } from '../../../irq/msi/msi-desc.js';
import type { IrqAllocInfo } from '../vector-domain.js';
import { lineOf } from '../vectors.js';
import { entryOf, RemappingEntry } from './entry.js';
import type { InterruptRemapping, RemappingParts } from './unit.js';

/** What a line that is allocated asks a unit for. */
export interface RemappingRequest {
  readonly count: number;
  /** The IO-APIC's pin, or the number of the message in its device. */
  readonly hwirq: Hwirq;
  /** The message; undefined: a pin of the IO-APIC. */
  readonly desc: MsiDesc | undefined;
}

/** What the makers of remapping units do differently. */
export interface RemappingVendor {
  readonly chipName: string;
  readonly chipSymbol: string;
  /** What its domain's name gets appended where it is the parent of devices' domains (DOMAIN_BUS_*). */
  readonly busToken: number;
  /** Lines that its domain looks up in an array. */
  readonly domainSize: number;
  /** What the log says when a table is full. */
  readonly fullMessage: string;
  /** Takes entries in a row; an errno if there are none. */
  take(request: RemappingRequest): RemappingEntry[] | number;
  release(entry: RemappingEntry): void;
  /** The number of a line in its domain, the nth of those that got entries in a row. */
  hwirqOf(entry: RemappingEntry, nth: number): Hwirq;
  /** What a device sends to have an entry's interrupt made. */
  messageOf(entry: RemappingEntry): MsiMsg;
  /** The entry that a message means. */
  entryFor(msg: MsiMsg, requester: number): RemappingEntry | undefined;
}

/**
 * The remapping unit as a chip: devices send it the number of a table entry, which says where the interrupt goes, so a
 * move is one write, and needs no interrupt to make it (drivers/iommu/intel/irq_remapping.c intel_ir_chip,
 * drivers/iommu/amd/iommu.c amd_ir_chip). Interrupts are not posted, neither to virtual CPUs nor as MSIs of the host
 * (`intremap=posted_msi`).
 */
class RemappingChip implements IrqChip {
  readonly name: string;
  readonly symbol: string;

  constructor(
    private readonly vendor: RemappingVendor,
    private readonly parts: RemappingParts,
  ) {
    this.name = vendor.chipName;
    this.symbol = vendor.chipSymbol;
  }

  irqAck(d: IrqData): void {
    this.parts.apics.ackIrq(d);
  }

  irqSetAffinity(d: IrqData, dest: CpuMask, force: boolean): number {
    const ret = irqChipSetAffinityParent(d, dest, force);
    if (ret < 0 || ret === IRQ_SET_MASK_OK_DONE) return ret;
    entryOf(d).write(d);
    this.parts.vectors.moves.scheduleCleanup(lineOf(d));
    return IRQ_SET_MASK_OK_DONE;
  }

  /** The message stays the same wherever the interrupt goes. */
  irqComposeMsiMsg(d: IrqData): MsiMsg {
    return this.vendor.messageOf(entryOf(d));
  }
}

/** The domain between the vectors and IO-APIC or PCI messages, with what its maker's units are like. */
export class VendorRemapping implements InterruptRemapping, IrqDomainOps {
  readonly takesPciMessages = true;
  readonly domain: IrqDomain;
  private readonly chip: RemappingChip;

  constructor(
    core: IrqCore,
    parts: RemappingParts,
    private readonly vendor: RemappingVendor,
  ) {
    this.chip = new RemappingChip(vendor, parts);
    const { MSI_PARENT, ISOLATED_MSI } = irqDomainFlags;
    const isMsiParent = core.behaviour.perDeviceMsiDomains;
    const name = `${vendor.chipName}-0`;
    this.domain = irqDomainCreateHierarchy(core, {
      name: isMsiParent ? `${name}-${vendor.busToken}` : name,
      size: vendor.domainSize,
      parent: parts.parent,
      flags: isMsiParent ? MSI_PARENT | ISOLATED_MSI : 0,
      ops: this,
    });
  }

  alloc(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number {
    const { hwirq, desc } = arg as IrqAllocInfo & { readonly desc?: MsiDesc };
    const { core } = domain;
    const ret = irqDomainAllocIrqsParent(domain, irq, count, arg);
    if (ret < 0) return ret;
    const entries = this.vendor.take({ count, hwirq, desc });
    if (typeof entries === 'number') {
      core.machine.log.printk(this.vendor.fullMessage);
      irqDomainFreeIrqsCommon(domain, irq, count);
      return entries;
    }
    entries.forEach((entry, i) => {
      const number = this.vendor.hwirqOf(entry, i);
      irqDomainSetHwirqAndChip(domain, irq + i, { hwirq: number, chip: this.chip, chipData: entry });
      if (core.behaviour.moveInProcessContext === 'status')
        irqSetStatusFlags(core, irq + i, irqStatus.MOVE_PCNTXT);
    });
    return 0;
  }

  free(domain: IrqDomain, irq: Irq, count: number): void {
    for (let i = irq; i < irq + count; i++) {
      const chipData = irqDomainGetIrqData(domain, i)?.chipData;
      if (chipData instanceof RemappingEntry) this.vendor.release(chipData);
    }
    irqDomainFreeIrqsCommon(domain, irq, count);
  }

  activate(_domain: IrqDomain, d: IrqData): number {
    entryOf(d).write(d);
    return 0;
  }

  deactivate(_domain: IrqDomain, d: IrqData): void {
    entryOf(d).clear();
  }

  remap(msg: MsiMsg, requester: number): MsiMsg | undefined {
    return this.vendor.entryFor(msg, requester)?.target;
  }
}
