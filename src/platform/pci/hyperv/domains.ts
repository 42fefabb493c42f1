import type { CpuId, Hwirq, Irq } from '../../../lib/brand.js';
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
import { BusInterrupts, type InterruptTargets } from './bus-interrupts.js';
import type { HypervPciBus, HypervPciBuses, Redirection } from './bus-port.js';
import { type EndOfInterrupt, HypervBusChip, HypervDeviceChip, HypervMsiChip } from './chips.js';
import { SilentPciHost } from './silent-host.js';

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

/** A bus with its irqdomain. */
interface Bus {
  readonly domain: IrqDomain;
  readonly interrupts: BusInterrupts;
  /** The driver of its channel says when it comes and goes; without one it goes with its last device. */
  readonly hasDriver: boolean;
  devices: number;
}

/** The irqdomains of PCI buses that Hyper-V passes through (drivers/pci/controller/pci-hyperv.c hv_pcie_init_irq_domain). */
export class HypervPciDomains implements PciMsiParent, HypervPciBuses {
  readonly perDevice: boolean;
  /** By the number of their PCI domain, each of which has one bus. */
  private readonly buses = new Map<number, Bus>();
  private readonly silentHost = new SilentPciHost();
  private lastCpu = -1;

  constructor(
    private readonly core: IrqCore,
    private readonly arch: HypervPciArch,
  ) {
    this.perDevice = core.behaviour.perDeviceHypervDomains;
  }

  attach(number: number, instance: string, host: HypervPciBus, redirection: Redirection): void {
    const interrupts = this.interruptsOf(host, redirection);
    this.buses.set(number, this.makeBus(instance, interrupts, true));
  }

  detach(number: number): void {
    const bus = this.buses.get(number);
    if (bus === undefined) return;
    this.buses.delete(number);
    irqDomainRemove(bus.domain);
  }

  restore(number: number): void {
    this.buses.get(number)?.interrupts.restore();
  }

  receiverFor(device: PciDevice): MsiReceiver {
    const number = domainNumber(device);
    return {
      deliver: (msg) => this.buses.get(number)?.interrupts.deliver(msg) ?? 'lost',
      soon: (event) => this.arch.receiver.soon(event),
    };
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

  /** A bus without a driver goes with its last device. */
  teardown(device: PciDevice): void {
    const number = domainNumber(device);
    const bus = this.buses.get(number);
    if (bus === undefined) return;
    bus.devices -= 1;
    if (bus.devices === 0 && !bus.hasDriver) this.detach(number);
  }

  hwirqOf(device: PciDevice, { index }: MsiDesc): Hwirq {
    return this.perDevice ? index : pciMsiDomainCalcHwirq(device, index);
  }

  private busOf(device: PciDevice): Bus {
    const number = domainNumber(device);
    let bus = this.buses.get(number);
    if (bus === undefined) {
      const interrupts = this.interruptsOf(this.silentHost, this.silentHost.redirection);
      bus = this.makeBus(device.instance, interrupts, false);
      this.buses.set(number, bus);
    }
    return bus;
  }

  private interruptsOf(host: HypervPciBus, redirection: Redirection): BusInterrupts {
    return new BusInterrupts(this.core, this.arch, host, redirection, () => this.nextCpu());
  }

  private makeBus(instance: string, interrupts: BusInterrupts, hasDriver: boolean): Bus {
    const domain = this.busDomain(`${instance.toUpperCase()}-${busTokens.bus}`, interrupts);
    return { domain, interrupts, hasDriver, devices: 0 };
  }

  private nextCpu(): CpuId {
    const { online } = this.core.machine;
    const next = online.next(this.lastCpu);
    this.lastCpu = next < 0 ? online.first() : next;
    return this.lastCpu;
  }

  private busDomain(name: string, interrupts: BusInterrupts): IrqDomain {
    const { parent, ends } = this.arch;
    if (!this.perDevice) {
      const chip = new HypervMsiChip(interrupts, ends);
      return this.msiDomain(name, parent, chip, 0, (irq) => interrupts.forget(irq));
    }
    const flags = irqDomainFlags.MSI_PARENT;
    const ops = new BusDomainOps(this.core, this.arch, interrupts);
    return irqDomainCreateHierarchy(this.core, { name, parent, size: 0, flags, ops });
  }

  private msiDomain(
    name: string,
    parent: IrqDomain,
    chip: IrqChip,
    flags: number,
    msiFree?: (irq: Irq) => void,
  ): IrqDomain {
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
        ...(msiFree && { msiFree }),
      },
    });
  }
}

/** What the domain of a bus does below those of its devices (hv_pcie_domain_ops). */
class BusDomainOps implements IrqDomainOps {
  private readonly chip: HypervBusChip;

  constructor(
    private readonly core: IrqCore,
    private readonly arch: HypervPciArch,
    private readonly interrupts: BusInterrupts,
  ) {
    this.chip = new HypervBusChip(interrupts);
  }

  /** hv_pcie_domain_alloc */
  alloc(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number {
    const ret = irqDomainAllocIrqsParent(domain, irq, count, arg);
    if (ret < 0) return ret;
    const { flow } = this.arch;
    for (let i = irq; i < irq + count; i++) {
      irqDomainSetHwirqAndChip(domain, i, { hwirq: 0, chip: this.chip });
      if (flow !== null) irqSetHandler(this.core, i, flow.handler, false, flow.name);
    }
    return 0;
  }

  /** hv_pcie_domain_free */
  free(domain: IrqDomain, irq: Irq, count: number): void {
    for (let i = irq; i < irq + count; i++) this.interrupts.forget(i);
    irqDomainFreeIrqsTop(domain, irq, count);
  }
}

function domainNumber({ address }: PciDevice): number {
  return address?.domain ?? 0;
}
