import type { Hwirq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { IrqCore } from '../../irq/core.js';
import { irqchipFlags, IRQ_SET_MASK_OK_DONE } from '../../irq/data/irqchip.js';
import { type IrqChip, type IrqData, irqd, type MsiMsg } from '../../irq/data/irqdata.js';
import { type IrqDomain, irqDomainFlags } from '../../irq/data/revmap.js';
import { irqChipAckParent, irqChipRetriggerHierarchy } from '../../irq/line/chip-parent.js';
import { handleEdgeIrq } from '../../irq/line/flow.js';
import type { MsiDesc } from '../../irq/msi/msi-desc.js';
import { msiCreateIrqDomain, msiDescOf, msiDomainSetAffinity } from '../../irq/msi/msi-domain.js';
import type { KernelBehaviour } from '../../irq/kernel.js';
import type { PciDevice } from '../pci/pci-device.js';
import type { PciMsiParent } from '../pci/pci-vectors.js';
import type { LocalApics } from './local-apic.js';
import { composeMsiMsg } from './msi-msg.js';
import { MANAGED_IRQ_SHUTDOWN_VECTOR } from './vector-numbers.js';
import { deferredMoves, lineOf } from './vectors.js';

/** What a domain's name gets appended for whose messages it has (enum irq_domain_bus_token). */
const busTokens = { msix: 12, msi: 11 } as const;
/** The same for the one domain of older kernels (DOMAIN_BUS_PCI_MSI). */
const GLOBAL_BUS_TOKEN = 3;

/** The chip of a PCI device's messages on x86 (drivers/pci/msi/irqdomain.c, arch/x86/kernel/apic/msi.c). */
export class PciMsiChip implements IrqChip {
  readonly flags: number;
  readonly irqAck = irqChipAckParent;
  readonly irqRetrigger = irqChipRetriggerHierarchy;
  readonly irqPrintChip?: () => string;

  /**
   * @param remapped its messages go through interrupt remapping, which moves them at once.
   * @param printed what it writes into /proc/interrupts instead of its name.
   */
  constructor(
    readonly name: string,
    behaviour: KernelBehaviour,
    private readonly apics: LocalApics,
    private readonly remapped: boolean,
    printed?: string,
  ) {
    const { ONESHOT_SAFE, SKIP_SET_WAKE, AFFINITY_PRE_STARTUP } = irqchipFlags;
    const moves = remapped ? 0 : deferredMoves(behaviour);
    this.flags = ONESHOT_SAFE | SKIP_SET_WAKE | AFFINITY_PRE_STARTUP | moves;
    if (printed !== undefined) this.irqPrintChip = () => printed;
  }

  irqMask(d: IrqData): void {
    const { hardware, index } = msiDescOf(d);
    hardware.mask(index, true);
  }

  irqUnmask(d: IrqData): void {
    const { hardware, index } = msiDescOf(d);
    hardware.mask(index, false);
  }

  /** Of several MSIs in a row only the first one's message is written. */
  irqWriteMsiMsg(d: IrqData, msg: MsiMsg): void {
    const desc = msiDescOf(d);
    if (desc.irq !== 0 && desc.irq !== d.irq) return;
    desc.msg = msg;
    desc.hardware.writeMsg(desc.index, msg);
  }

  irqSetAffinity(d: IrqData, dest: CpuMask, force: boolean): number {
    return this.remapped ? msiDomainSetAffinity(d, dest, force) : this.setAffinityInTwoSteps(d, dest, force);
  }

  /**
   * Address and data of a message that cannot be masked change one after the other, so an interrupt in between would go
   * to the new vector of the old CPU: it is sent there on purpose first, and looked for (arch/x86 msi_set_affinity).
   */
  private setAffinityInTwoSteps(d: IrqData, dest: CpuMask, force: boolean): number {
    const parent = d.parentData;
    const line = lineOf(d);
    const { configuredVector: oldVector, configuredCpu: oldCpu } = line;
    const ret = parent?.chip.irqSetAffinity?.(parent, dest, force) ?? errnoValue('ENOSYS');
    if (ret < 0 || ret === IRQ_SET_MASK_OK_DONE) return ret;
    const { configuredVector: vector, configuredCpu: cpu } = line;
    const atOnce =
      !d.has(irqd.CAN_RESERVE) ||
      vector === oldVector ||
      oldVector === MANAGED_IRQ_SHUTDOWN_VECTOR ||
      !d.has(irqd.IRQ_STARTED) ||
      cpu === oldCpu;
    if (!atOnce) {
      this.apics.expectStray(oldCpu, vector);
      this.irqWriteMsiMsg(d, composeMsiMsg(oldCpu, vector));
    }
    this.irqWriteMsiMsg(d, composeMsiMsg(cpu, vector));
    return ret;
  }
}

/** Domains of PCI messages: one a device, or one for all before 6.2. */
export class PciMsiDomains implements PciMsiParent {
  readonly perDevice: boolean;
  private global: IrqDomain | undefined;
  private readonly prefix: string;

  constructor(
    private readonly core: IrqCore,
    private readonly parts: {
      /** The vectors, or the remapping before them. */
      readonly parent: IrqDomain;
      readonly remapped: boolean;
      readonly apics: LocalApics;
    },
  ) {
    this.perDevice = core.behaviour.perDeviceMsiDomains;
    this.prefix = parts.remapped ? 'IR-' : '';
  }

  createDomain(device: PciDevice, kind: 'msix' | 'msi'): IrqDomain {
    if (!this.perDevice) {
      this.global ??= this.create(`${this.prefix}PCI-MSI`, GLOBAL_BUS_TOKEN, 0);
      return this.global;
    }
    const chip = `${this.prefix}${kind === 'msix' ? 'PCI-MSIX' : 'PCI-MSI'}-${device.name}`;
    return this.create(chip, busTokens[kind], irqDomainFlags.MSI_DEVICE);
  }

  private create(chipName: string, busToken: number, flags: number): IrqDomain {
    return this.createNamed(chipName, `${chipName}-${busToken}`, flags);
  }

  /** A domain whose chip has a name of its own, as a recorded machine's. */
  createNamed(chipName: string, domainName: string, flags: number, printed?: string): IrqDomain {
    const { parent, remapped, apics } = this.parts;
    return msiCreateIrqDomain(this.core, {
      name: domainName,
      parent,
      flags,
      info: {
        chip: new PciMsiChip(chipName, this.core.behaviour, apics, remapped, printed),
        handler: handleEdgeIrq,
        handlerName: 'edge',
        mustReactivate: true,
      },
    });
  }

  /** In a domain of its own a device's messages are counted from 0; else its address is in the number. */
  hwirqOf(device: PciDevice, { index }: MsiDesc): Hwirq {
    const { address } = device;
    if (this.perDevice || address === undefined) return index;
    return index + address.devid * 2 ** 11 + address.domain * 2 ** 27;
  }
}
