import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import {
  type IrqAffinity,
  irqCalcAffinityVectors,
  irqCreateAffinityMasks,
} from '../../irq/affinity/create-masks.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqAffinityDesc } from '../../irq/data/irqdesc.js';
import type { IrqDomain } from '../../irq/data/revmap.js';
import { irqDomainRemove } from '../../irq/mapping/create-domain.js';
import { msiDomainAllocIrqsSteps, msiDomainFreeIrqsSteps } from '../../irq/msi/msi-alloc.js';
import { MsiDesc } from '../../irq/msi/msi-desc.js';
import type { MsiReceiver } from './msi-table.js';
import { PciDevice } from './pci-device.js';
import type { PciFunction, PciMsi } from './pci-msi.js';

/** What an architecture has its PCI devices' messages go through. */
export interface PciMsiParent {
  /** A domain for the device's own messages, or the one that serves all. */
  createDomain(device: PciDevice, kind: 'msix' | 'msi'): IrqDomain;
  /** Number of a message in that domain. */
  hwirqOf(device: PciDevice, desc: MsiDesc): Hwirq;
  /** Domains are the devices' own, and go with their use. */
  readonly perDevice: boolean;
}

/** Interrupt vectors of PCI devices (drivers/pci/msi/api.c, msi.c). */
export class PciVectors implements PciMsi {
  private readonly devices = new WeakMap<PciFunction, PciDevice>();

  constructor(
    private readonly core: IrqCore,
    private readonly parent: PciMsiParent,
    private readonly receiver: MsiReceiver,
  ) {}

  /** What is known of a function's interrupts. */
  private device(func: PciFunction): PciDevice {
    let device = this.devices.get(func);
    if (device === undefined) {
      device = new PciDevice(this.receiver, func);
      this.devices.set(func, device);
    }
    return device;
  }

  /** MSI-X if the function has it, else MSI (pci_alloc_irq_vectors_affinity). */
  *allocIrqVectors(func: PciFunction, min: number, max: number, affinity?: IrqAffinity): Procedure<number> {
    const device = this.device(func);
    let ret = errnoValue('ENOSPC');
    for (const kind of ['msix', 'msi'] as const) {
      if (kind === 'msi' && device.msiSize === 0) break;
      ret = yield* this.enableRange(device, kind, min, max, affinity);
      if (ret > 0) return ret;
    }
    return ret;
  }

  irqVector(func: PciFunction, nr: number): Irq {
    const { descs } = this.device(func);
    const [first] = descs;
    const isMulti = first !== undefined && first.nvecUsed > 1;
    const irq = isMulti && nr < first.nvecUsed ? first.irq + nr : descs[nr]?.irq;
    if (irq === undefined) throw new RangeError(`${func.name} has no interrupt vector ${nr}`);
    return irq;
  }

  *freeIrqVectors(func: PciFunction): Procedure<void> {
    yield* this.free(this.device(func));
  }

  private *free(device: PciDevice): Procedure<void> {
    yield* msiDomainFreeIrqsSteps(this.core, device.descs);
    device.descs = [];
    device.enabled = null;
  }

  *remove(func: PciFunction): Procedure<void> {
    const device = this.device(func);
    yield* this.free(device);
    this.removeDomain(device);
    this.devices.delete(func);
  }

  private removeDomain(device: PciDevice): void {
    if (device.domain !== null && this.parent.perDevice) irqDomainRemove(device.domain);
    device.domain = null;
    device.domainKind = null;
  }

  /** __pci_enable_msix_range, __pci_enable_msi_range. */
  private *enableRange(
    device: PciDevice,
    kind: 'msix' | 'msi',
    min: number,
    max: number,
    affinity: IrqAffinity | undefined,
  ): Procedure<number> {
    const size = kind === 'msix' ? device.msixSize : device.msiSize;
    if (max < min) return errnoValue('ERANGE');
    if (size === 0 || device.enabled !== null) return errnoValue('EINVAL');
    let count = Math.min(max, size);
    if (count < min) return errnoValue('ENOSPC');
    const domain = this.domainOf(device, kind);
    for (;;) {
      if (affinity !== undefined) count = irqCalcAffinityVectors(this.core, min, count, affinity);
      if (count < min) return errnoValue('ENOSPC');
      const ret = yield* this.setUp(device, domain, kind, count, affinity);
      if (ret === 0) return count;
      if (ret < 0) return ret;
      if (ret < min) return errnoValue('ENOSPC');
      count = ret;
    }
  }

  /** The device's domain for this kind (pci_setup_msix_device_domain). */
  private domainOf(device: PciDevice, kind: 'msix' | 'msi'): IrqDomain {
    if (device.domain !== null && device.domainKind === kind) return device.domain;
    this.removeDomain(device);
    device.domain = this.parent.createDomain(device, kind);
    device.domainKind = kind;
    return device.domain;
  }

  /** msix_capability_init, msi_capability_init: 0, how many there could be, or a negative errno. */
  private *setUp(
    device: PciDevice,
    domain: IrqDomain,
    kind: 'msix' | 'msi',
    count: number,
    affinity: IrqAffinity | undefined,
  ): Procedure<number> {
    const masks = affinity === undefined ? null : irqCreateAffinityMasks(this.core, count, affinity);
    device.enable(kind);
    device.descs = kind === 'msix' ? msixDescs(device, count, masks) : msiDescs(device, count, masks);
    const ret = yield* msiDomainAllocIrqsSteps(domain, {
      descs: device.descs,
      hwirqOf: (desc) => this.parent.hwirqOf(device, desc),
      node: device.node,
      deviceName: device.name,
    });
    if (ret !== 0) yield* this.free(device);
    return ret;
  }
}

function msixDescs(device: PciDevice, count: number, masks: IrqAffinityDesc[] | null): MsiDesc[] {
  const { table } = device;
  return Array.from({ length: count }, (_, i) => new MsiDesc(table, i, 1, masks && [masks[i]]));
}

function msiDescs(device: PciDevice, count: number, masks: IrqAffinityDesc[] | null): MsiDesc[] {
  return [new MsiDesc(device.table, 0, count, masks, device.msiMasks)];
}
