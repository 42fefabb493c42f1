import type { Hwirq } from '../../../lib/brand.js';
import { errnoValue } from '../../../lib/errno.js';
import type { IrqCore } from '../../../irq/core.js';
import { irqchipFlags } from '../../../irq/data/irqchip.js';
import type { IrqChip } from '../../../irq/data/irqdata.js';
import { type IrqDomain, irqDomainFlags } from '../../../irq/data/revmap.js';
import { irqChipEoiParent } from '../../../irq/line/chip-parent.js';
import type { MsiDesc } from '../../../irq/msi/msi-desc.js';
import { msiCreateIrqDomain, msiDomainSetAffinity } from '../../../irq/msi/msi-domain.js';
import { busTokens, pciMsiDomainCalcHwirq } from '../../pci/msi-numbers.js';
import type { MsiReceiver } from '../../pci/msi-table.js';
import type { PciDevice } from '../../pci/pci-device.js';
import {
  pciMsiDomainWriteMsg,
  pciMsiMaskWithParent,
  pciMsiUnmaskWithParent,
} from '../../pci/pci-msi-chip.js';
import type { PciMsiParent } from '../../pci/pci-vectors.js';
import type { Its } from './its.js';
import { TRANSLATER } from './its-chip.js';
import type { ItsDomain } from './its-domain.js';

/**
 * The chip of PCI messages behind an ITS, which are masked in the device and in the GIC
 * (drivers/irqchip/irq-gic-v3-its-pci-msi.c of 6.1; drivers/pci/msi/irqdomain.c with irq-gic-v3-its-msi-parent.c, later
 * irq-gic-its-msi-parent.c).
 */
class ItsPciMsiChip implements IrqChip {
  readonly flags = irqchipFlags.ONESHOT_SAFE;
  readonly irqEoi = irqChipEoiParent;
  readonly irqSetAffinity = msiDomainSetAffinity;
  readonly irqWriteMsiMsg = pciMsiDomainWriteMsg;
  readonly irqMask = pciMsiMaskWithParent;
  readonly irqUnmask = pciMsiUnmaskWithParent;

  constructor(readonly name: string) {}
}

/** Domains of PCI messages behind an ITS: one for all, or since 6.11 one a device. */
export class ItsPciDomains implements PciMsiParent {
  readonly perDevice: boolean;
  private global: IrqDomain | undefined;
  /** Whose tables of events are there until their domains go. */
  private readonly prepared = new Set<PciDevice>();

  constructor(
    private readonly core: IrqCore,
    private readonly its: Its,
    private readonly parent: ItsDomain,
  ) {
    this.perDevice = core.behaviour.perDeviceItsDomains;
    if (!this.perDevice) this.global = this.create('ITS-MSI', `${parent.controller}-${busTokens.bus}`, 0);
  }

  createDomain(device: PciDevice, kind: 'msix' | 'msi'): IrqDomain {
    if (this.global !== undefined) return this.global;
    const name = `ITS-PCI-${kind === 'msix' ? 'MSIX' : 'MSI'}-${device.name}`;
    return this.create(name, `${name}-${busTokens[kind]}`, irqDomainFlags.MSI_DEVICE);
  }

  private create(chipName: string, name: string, flags: number): IrqDomain {
    return msiCreateIrqDomain(this.core, {
      name,
      parent: this.parent.domain,
      flags,
      info: {
        chip: new ItsPciMsiChip(chipName),
        handler: null,
        handlerName: null,
        mustReactivate: false,
      },
    });
  }

  hwirqOf(device: PciDevice, { index }: MsiDesc): Hwirq {
    return this.perDevice ? index : pciMsiDomainCalcHwirq(device, index);
  }

  /**
   * The ITS hears from the bus who sends a message, and which event it is from the message; one that was taken back is
   * written elsewhere.
   */
  receiverFor({ requester }: PciDevice): MsiReceiver {
    return {
      deliver: ({ addressLo, data }) =>
        addressLo === TRANSLATER ? this.its.message(requester, data) : 'lost',
      soon: (event) => this.core.machine.soon(event),
    };
  }

  /** The device's table is for what its domain can have, not only for what is asked for now (its_pci_msi_prepare). */
  prepare(device: PciDevice, count: number): number {
    if (this.prepared.has(device)) return 0;
    const room = this.perDevice && device.domainKind === 'msix' ? device.msixSize : 0;
    if (this.its.prepare(device.requester, Math.max(count, room)) === undefined) return errnoValue('ENOMEM');
    if (this.core.behaviour.itsTablesStay) this.prepared.add(device);
    return 0;
  }

  /** its_msi_teardown */
  teardown(device: PciDevice): void {
    if (!this.prepared.delete(device)) return;
    const table = this.its.device(device.requester);
    if (table !== undefined) this.its.teardown(table);
  }
}
