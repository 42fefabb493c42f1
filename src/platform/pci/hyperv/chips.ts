import { irqchipFlags } from '../../../irq/data/irqchip.js';
import type { IrqChip, IrqData, MsiMsg } from '../../../irq/data/irqdata.js';
import {
  irqChipAckParent,
  irqChipEoiParent,
  irqChipMaskParent,
  irqChipRetriggerHierarchy,
  irqChipSetAffinityParent,
  irqChipUnmaskParent,
} from '../../../irq/line/chip-parent.js';
import { pciMsiDomainWriteMsg, pciMsiMaskWithParent, pciMsiUnmaskWithParent } from '../pci-msi-chip.js';
import type { BusInterrupts } from './bus-interrupts.js';

/** What ends an interrupt on the machine's architecture: x86's local APIC or a GIC. */
export type EndOfInterrupt = 'ack' | 'eoi';

/** The chip of a device of its own since 6.17 (drivers/pci/msi/irqdomain.c, pci-hyperv.c hv_pcie_init_dev_msi_info). */
export class HypervDeviceChip implements IrqChip {
  readonly flags: number;
  readonly irqSetAffinity = irqChipSetAffinityParent;
  readonly irqRetrigger = irqChipRetriggerHierarchy;
  readonly irqWriteMsiMsg = pciMsiDomainWriteMsg;
  readonly irqMask = pciMsiMaskWithParent;
  readonly irqAck?: (d: IrqData) => void;
  readonly irqEoi?: (d: IrqData) => void;

  /** @param moveFlags says that changes of affinity wait for an interrupt, where they do. */
  constructor(
    readonly name: string,
    ends: EndOfInterrupt,
    moveFlags: number,
  ) {
    this.flags = irqchipFlags.ONESHOT_SAFE | moveFlags;
    if (ends === 'ack') this.irqAck = irqChipAckParent;
    else this.irqEoi = irqChipEoiParent;
  }

  irqUnmask(d: IrqData): void {
    pciMsiUnmaskWithParent(d);
  }
}

/**
 * The one chip for all messages of passed-through devices, before 6.17 (drivers/pci/controller/pci-hyperv.c
 * hv_msi_irq_chip). A change of affinity is told to the host when the line is unmasked; on x86 it waits for the line's
 * next interrupt, on arm64 the GIC makes it alone.
 */
export class HypervMsiChip extends HypervDeviceChip {
  readonly symbol = 'hv_msi_irq_chip';

  constructor(
    private readonly interrupts: BusInterrupts,
    ends: EndOfInterrupt,
  ) {
    super('Hyper-V PCIe MSI', ends, 0);
  }

  irqComposeMsiMsg(d: IrqData): MsiMsg {
    return this.interrupts.compose(d);
  }

  override irqUnmask(d: IrqData): void {
    this.interrupts.retarget(d);
    super.irqUnmask(d);
  }
}

/** The chip of the bus below those of its devices, since 6.17 (hv_msi_irq_chip). */
export class HypervBusChip implements IrqChip {
  readonly name = 'Hyper-V PCIe MSI';
  readonly symbol = 'hv_msi_irq_chip';
  readonly irqSetAffinity = irqChipSetAffinityParent;
  readonly irqAck = irqChipAckParent;
  readonly irqEoi = irqChipEoiParent;
  readonly irqMask = irqChipMaskParent;

  constructor(private readonly interrupts: BusInterrupts) {}

  irqComposeMsiMsg(d: IrqData): MsiMsg {
    return this.interrupts.compose(d);
  }

  irqUnmask(d: IrqData): void {
    this.interrupts.retarget(d);
    irqChipUnmaskParent(d);
  }
}
