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
import type { HypervPciBuses } from './hyperv/bus-port.js';
import type { MsiReceiver } from './msi-table.js';
import { PciDevice } from './pci-device.js';
import { PciFunctions } from './pci-functions.js';
import type { PciBus, PciFunction, PciVector } from './pci-function.js';
import type { PciMsi } from './pci-msi.js';

/** What an architecture has its PCI devices' messages go through. */
export interface PciMsiParent {
  /** A domain for the device's own messages, or the one that serves all. */
  createDomain(device: PciDevice, kind: 'msix' | 'msi'): IrqDomain;
  /** Number of a message in that domain. */
  hwirqOf(device: PciDevice, desc: MsiDesc): Hwirq;
  /** Domains are the devices' own, and go with their use. */
  readonly perDevice: boolean;
  /** Takes what the device sends. */
  receiverFor(device: PciDevice): MsiReceiver;
  /** Before `count` messages are allocated; 0 or a negative errno (msi_prepare). */
  prepare?(device: PciDevice, count: number): number;
  /** The device's domain has gone (msi_teardown). */
  teardown?(device: PciDevice): void;
}

/** The buses that a machine has. */
export interface PciBuses extends Partial<Readonly<Record<PciBus, PciMsiParent>>> {
  readonly hyperv?: PciMsiParent & HypervPciBuses;
}

/** Interrupt vectors of PCI devices (drivers/pci/msi/api.c, msi.c). */
export class PciVectors implements PciMsi {
  readonly functions = new PciFunctions();
  private readonly devices = new WeakMap<PciFunction, PciDevice>();

  constructor(
    private readonly core: IrqCore,
    /** What the devices of each bus that the machine has get their interrupts from. */
    private readonly parents: PciBuses,
  ) {}

  get defaultBus(): PciBus {
    return this.parents.pci === undefined ? 'hyperv' : 'pci';
  }

  get hypervBuses(): HypervPciBuses | undefined {
    return this.parents.hyperv;
  }

  private parentOf({ bus = this.defaultBus, name }: PciFunction): PciMsiParent {
    const parent = this.parents[bus];
    if (parent === undefined) {
      const why =
        bus === 'hyperv' ? 'without Hyper-V there is no such bus' : 'on arm64 it needs an ITS (its: true)';
      throw new RangeError(`${name} is on bus ${bus}, which this machine has not; ${why}`);
    }
    return parent;
  }

  /** What is known of a function's interrupts. */
  private device(func: PciFunction): PciDevice {
    let device = this.devices.get(func);
    if (device === undefined) {
      const parent = this.parentOf(func);
      device = new PciDevice((of) => parent.receiverFor(of), func);
      this.devices.set(func, device);
    }
    return device;
  }

  /** MSI-X if the function has it, else MSI (pci_alloc_irq_vectors_affinity). */
  *allocIrqVectors(func: PciFunction, min: number, max: number, affinity?: IrqAffinity): Procedure<number> {
    const device = this.device(func);
    const parent = this.parentOf(func);
    let ret = errnoValue('ENOSPC');
    for (const kind of ['msix', 'msi'] as const) {
      if (kind === 'msi' && device.msiSize === 0) break;
      ret = yield* this.enableRange(parent, device, kind, [min, max], affinity);
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

  vectors(func: PciFunction): readonly PciVector[] {
    if (func.lines !== undefined) return func.lines.filter(({ irq }) => this.core.desc(irq) !== undefined);
    const device = this.devices.get(func);
    const kind = device?.enabled;
    if (device === undefined || kind === null || kind === undefined) return [];
    return device.descs.flatMap(({ irq, nvecUsed }) =>
      irq === 0 ? [] : Array.from({ length: nvecUsed }, (_, i) => ({ irq: irq + i, kind })),
    );
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
    if (func.lines !== undefined) return;
    const device = this.device(func);
    yield* this.free(device);
    this.removeDomain(this.parentOf(func), device);
    this.devices.delete(func);
  }

  private removeDomain(parent: PciMsiParent, device: PciDevice): void {
    if (device.domain === null) return;
    if (parent.perDevice) irqDomainRemove(device.domain);
    parent.teardown?.(device);
    device.domain = null;
    device.domainKind = null;
  }

  /** __pci_enable_msix_range, __pci_enable_msi_range. */
  private *enableRange(
    parent: PciMsiParent,
    device: PciDevice,
    kind: 'msix' | 'msi',
    [min, max]: readonly [number, number],
    affinity: IrqAffinity | undefined,
  ): Procedure<number> {
    const size = kind === 'msix' ? device.msixSize : device.msiSize;
    if (max < min) return errnoValue('ERANGE');
    if (size === 0 || device.enabled !== null) return errnoValue('EINVAL');
    let count = Math.min(max, size);
    if (count < min) return errnoValue('ENOSPC');
    this.domainFor(parent, device, kind);
    for (;;) {
      if (affinity !== undefined) count = irqCalcAffinityVectors(this.core, min, count, affinity);
      if (count < min) return errnoValue('ENOSPC');
      const ret = yield* this.setUp(parent, device, count, affinity);
      if (ret === 0) return count;
      if (ret < 0) return ret;
      if (ret < min) return errnoValue('ENOSPC');
      count = ret;
    }
  }

  /** The device's domain for this kind (pci_setup_msix_device_domain). */
  private domainFor(parent: PciMsiParent, device: PciDevice, kind: 'msix' | 'msi'): void {
    if (device.domain !== null && device.domainKind === kind) return;
    this.removeDomain(parent, device);
    device.domain = parent.createDomain(device, kind);
    device.domainKind = kind;
  }

  /** msix_capability_init, msi_capability_init: 0, how many there could be, or a negative errno. */
  private *setUp(
    parent: PciMsiParent,
    device: PciDevice,
    count: number,
    affinity: IrqAffinity | undefined,
  ): Procedure<number> {
    const { domain, domainKind: kind } = device;
    if (domain === null || kind === null) throw new Error(`${device.name} has no irqdomain`);
    const masks = affinity === undefined ? null : irqCreateAffinityMasks(this.core, count, affinity);
    device.enable(kind);
    device.descs = kind === 'msix' ? msixDescs(device, count, masks) : msiDescs(device, count, masks);
    let ret = parent.prepare?.(device, count) ?? 0;
    if (ret === 0) {
      ret = yield* msiDomainAllocIrqsSteps(domain, {
        descs: device.descs,
        hwirqOf: (desc) => parent.hwirqOf(device, desc),
        node: device.node,
        deviceName: device.name,
      });
    }
    if (ret !== 0) yield* this.free(device);
    return ret;
  }
}

function msixDescs(device: PciDevice, count: number, masks: IrqAffinityDesc[] | null): MsiDesc[] {
  const { table, requester } = device;
  return Array.from({ length: count }, (_, i) => {
    return new MsiDesc(table, i, 1, masks && [masks[i]], true, requester);
  });
}

function msiDescs(device: PciDevice, count: number, masks: IrqAffinityDesc[] | null): MsiDesc[] {
  const { table, msiMasks, requester } = device;
  return [new MsiDesc(table, 0, count, masks, msiMasks, requester)];
}
