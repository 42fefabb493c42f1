import type { Hwirq, Irq } from '../../../lib/brand.js';
import type { IrqCore } from '../../../irq/core.js';
import type { IrqChip } from '../../../irq/data/irqdata.js';
import type { IrqFlowHandler } from '../../../irq/data/irqdesc.js';
import { type IrqDomain, irqDomainFlags, type IrqDomainOps } from '../../../irq/data/revmap.js';
import { irqSetHandler } from '../../../irq/management/chip.js';
import { irqDomainCreateHierarchy, irqDomainRemove } from '../../../irq/mapping/create-domain.js';
import { irqDomainAllocIrqsParent, irqDomainFreeIrqsTop } from '../../../irq/mapping/hierarchy.js';
import { irqDomainSetHwirqAndChip } from '../../../irq/mapping/hierarchy-data.js';
import type { MsiDesc } from '../../../irq/msi/msi-desc.js';
import { msiCreateIrqDomain } from '../../../irq/msi/msi-domain.js';
import { busTokens, pciMsiDomainCalcHwirq } from '../msi-numbers.js';
import type { MsiReceiver } from '../msi-table.js';
import type { PciDevice } from '../pci-device.js';
import type { PciMsiParent } from '../pci-vectors.js';
import { type EndOfInterrupt, HypervBusChip, HypervDeviceChip, HypervMsiChip } from './chips.js';
import { HostInterruptTable, type InterruptTargets } from './interrupt-table.js';

/** What the buses stand on. */
export interface HypervPciArch extends InterruptTargets {
  /** hv_pci_get_root_domain */
  readonly parent: IrqDomain;
  /** The flow handler of all lines; null: the one that the parent gives. */
  readonly flow: { readonly handler: IrqFlowHandler; readonly name: string } | null;
  readonly ends: EndOfInterrupt;
  /** Of chips whose changes of affinity wait for an interrupt. */
  readonly moveFlags: number;
  /** Lines that nobody has requested hold a promise only (CONFIG_GENERIC_IRQ_RESERVATION_MODE). */
  readonly mustReactivate: boolean;
}

interface Bus {
  readonly domain: IrqDomain;
  devices: number;
}

/** The irqdomains of PCI buses that Hyper-V passes through (drivers/pci/controller/pci-hyperv.c hv_pcie_init_irq_domain). */
export class HypervPciDomains implements PciMsiParent, IrqDomainOps {
  readonly perDevice: boolean;
  /** By the number of their PCI domain, each of which has one bus. */
  private readonly buses = new Map<number, Bus>();
  private readonly table: HostInterruptTable;
  private readonly busChip: HypervBusChip;

  constructor(
    private readonly core: IrqCore,
    private readonly arch: HypervPciArch,
  ) {
    this.perDevice = core.behaviour.perDeviceHypervDomains;
    this.table = new HostInterruptTable(arch);
    this.busChip = new HypervBusChip(this.table);
  }

  receiverFor(): MsiReceiver {
    return this.table;
  }

  createDomain(device: PciDevice, kind: 'msix' | 'msi'): IrqDomain {
    const { ends, moveFlags } = this.arch;
    const bus = this.busOf(device);
    bus.devices += 1;
    if (!this.perDevice) return bus.domain;
    const name = `HV-PCI-${kind === 'msix' ? 'MSIX' : 'MSI'}-${device.name}`;
    const chip = new HypervDeviceChip(name, ends, moveFlags);
    const { MSI_DEVICE } = irqDomainFlags;
    return this.msiDomain(`${name}-${busTokens[kind]}`, bus.domain, chip, MSI_DEVICE);
  }

  /** The bus goes with its last device (hv_pci_remove). */
  teardown(device: PciDevice): void {
    const number = domainNumber(device);
    const bus = this.buses.get(number);
    if (bus === undefined) return;
    bus.devices -= 1;
    if (bus.devices > 0) return;
    irqDomainRemove(bus.domain);
    this.buses.delete(number);
  }

  hwirqOf(device: PciDevice, { index }: MsiDesc): Hwirq {
    return this.perDevice ? index : pciMsiDomainCalcHwirq(device, index);
  }

  /** hv_pcie_domain_alloc */
  alloc(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number {
    const ret = irqDomainAllocIrqsParent(domain, irq, count, arg);
    if (ret < 0) return ret;
    const { flow } = this.arch;
    for (let i = irq; i < irq + count; i++) {
      irqDomainSetHwirqAndChip(domain, i, { hwirq: 0, chip: this.busChip });
      if (flow !== null) irqSetHandler(this.core, i, flow.handler, false, flow.name);
    }
    return 0;
  }

  /** hv_pcie_domain_free */
  free(domain: IrqDomain, irq: Irq, count: number): void {
    for (let i = irq; i < irq + count; i++) this.table.forget(i);
    irqDomainFreeIrqsTop(domain, irq, count);
  }

  private busOf(device: PciDevice): Bus {
    const number = domainNumber(device);
    let bus = this.buses.get(number);
    if (bus === undefined) {
      bus = { domain: this.busDomain(`${device.instance.toUpperCase()}-${busTokens.bus}`), devices: 0 };
      this.buses.set(number, bus);
    }
    return bus;
  }

  private busDomain(name: string): IrqDomain {
    const { parent, ends } = this.arch;
    if (!this.perDevice) return this.msiDomain(name, parent, new HypervMsiChip(this.table, ends), 0);
    const flags = irqDomainFlags.MSI_PARENT;
    return irqDomainCreateHierarchy(this.core, { name, parent, size: 0, flags, ops: this });
  }

  private msiDomain(name: string, parent: IrqDomain, chip: IrqChip, flags: number): IrqDomain {
    const { flow, mustReactivate } = this.arch;
    const ownFlow = this.perDevice ? null : flow;
    return msiCreateIrqDomain(this.core, {
      name,
      parent,
      flags,
      info: {
        chip,
        handler: ownFlow?.handler ?? null,
        handlerName: ownFlow?.name ?? null,
        mustReactivate,
        msiFree: (irq) => {
          if (!this.perDevice) this.table.forget(irq);
        },
      },
    });
  }
}

function domainNumber({ address }: PciDevice): number {
  return address?.domain ?? 0;
}
