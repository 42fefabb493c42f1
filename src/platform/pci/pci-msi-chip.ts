import type { IrqData, MsiMsg } from '../../irq/data/irqdata.js';
import { irqChipMaskParent, irqChipUnmaskParent } from '../../irq/line/chip-parent.js';
import { msiDescOf } from '../../irq/msi/msi-domain.js';

// What chips of PCI messages do to the device (drivers/pci/msi/irqdomain.c).

/** Keeps the message back, if the device can (pci_msi_mask_irq, pci_irq_mask_msix). */
export function pciMsiMaskIrq(d: IrqData): void {
  const { hardware, index } = msiDescOf(d);
  hardware.mask(index, true);
}

/** pci_msi_unmask_irq, pci_irq_unmask_msix */
export function pciMsiUnmaskIrq(d: IrqData): void {
  const { hardware, index } = msiDescOf(d);
  hardware.mask(index, false);
}

/** Keeps the message back in the device and at the next chip on its way. */
export function pciMsiMaskWithParent(d: IrqData): void {
  pciMsiMaskIrq(d);
  irqChipMaskParent(d);
}

/** Undoes pciMsiMaskWithParent. */
export function pciMsiUnmaskWithParent(d: IrqData): void {
  irqChipUnmaskParent(d);
  pciMsiUnmaskIrq(d);
}

/** Tells the device its message; of several MSIs in a row only the first one's is written (pci_msi_domain_write_msg). */
export function pciMsiDomainWriteMsg(d: IrqData, msg: MsiMsg): void {
  const desc = msiDescOf(d);
  if (desc.irq !== 0 && desc.irq !== d.irq) return;
  desc.msg = msg;
  desc.hardware.writeMsg(desc.index, msg);
}
