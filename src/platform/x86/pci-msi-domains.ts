import type { Hwirq } from '../../lib/brand.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { IrqCore } from '../../irq/core.js';
import { irqchipFlags, IRQ_SET_MASK_OK_DONE } from '../../irq/data/irqchip.js';
import { type IrqChip, type IrqData, irqd } from '../../irq/data/irqdata.js';
import { type IrqDomain, irqDomainFlags } from '../../irq/data/revmap.js';
import {
  irqChipAckParent,
  irqChipRetriggerHierarchy,
  irqChipSetAffinityParent,
} from '../../irq/line/chip-parent.js';
import { handleEdgeIrq } from '../../irq/line/flow.js';
import type { MsiDesc } from '../../irq/msi/msi-desc.js';
import { msiCreateIrqDomain, msiDomainSetAffinity } from '../../irq/msi/msi-domain.js';
import type { KernelBehaviour } from '../../irq/kernel.js';
import { busTokens, pciMsiDomainCalcHwirq } from '../pci/msi-numbers.js';
import type { MsiReceiver } from '../pci/msi-table.js';
import type { PciDevice } from '../pci/pci-device.js';
import { pciMsiDomainWriteMsg, pciMsiMaskIrq, pciMsiUnmaskIrq } from '../pci/pci-msi-chip.js';
import type { PciMsiParent } from '../pci/pci-vectors.js';
import type { LocalApics } from './local-apic.js';
import { composeMsiMsg } from './msi-msg.js';
import { MANAGED_IRQ_SHUTDOWN_VECTOR } from './vector-numbers.js';
import { deferredMoves, lineOf } from './vectors.js';

/** The chip of a PCI device's messages on x86 (drivers/pci/msi/irqdomain.c, arch/x86/kernel/apic/msi.c). */
export class PciMsiChip implements IrqChip {
  readonly flags: number;
  readonly irqAck = irqChipAckParent;
  readonly irqRetrigger = irqChipRetriggerHierarchy;
  readonly irqMask = pciMsiMaskIrq;
  readonly irqUnmask = pciMsiUnmaskIrq;
  readonly irqWriteMsiMsg = pciMsiDomainWriteMsg;
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

  irqSetAffinity(d: IrqData, dest: CpuMask, force: boolean): number {
    return this.remapped ? msiDomainSetAffinity(d, dest, force) : this.setAffinityInTwoSteps(d, dest, force);
  }

  /**
   * Address and data of a message that cannot be masked change one after the other, so an interrupt in between would go
   * to the new vector of the old CPU: it is sent there on purpose first, and looked for (arch/x86 msi_set_affinity).
   */
  private setAffinityInTwoSteps(d: IrqData, dest: CpuMask, force: boolean): number {
    const line = lineOf(d);
    const { configuredVector: oldVector, configuredCpu: oldCpu } = line;
    const ret = irqChipSetAffinityParent(d, dest, force);
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
      pciMsiDomainWriteMsg(d, composeMsiMsg(oldCpu, vector));
    }
    pciMsiDomainWriteMsg(d, composeMsiMsg(cpu, vector));
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
      /** The vectors' domain. */
      readonly vectors: IrqDomain;
      /** That of the remapping before them; undefined: messages go to the vectors. */
      readonly remapping: IrqDomain | undefined;
      readonly apics: LocalApics;
      /** Takes the messages that a device sends. */
      readonly receiverFor: (requester: number) => MsiReceiver;
    },
  ) {
    this.perDevice = core.behaviour.perDeviceMsiDomains;
    this.prefix = parts.remapping === undefined ? '' : 'IR-';
  }

  createDomain(device: PciDevice, kind: 'msix' | 'msi'): IrqDomain {
    if (!this.perDevice) {
      this.global ??= this.create(`${this.prefix}PCI-MSI`, busTokens.bus, 0);
      return this.global;
    }
    const chip = `${this.prefix}${kind === 'msix' ? 'PCI-MSIX' : 'PCI-MSI'}-${device.name}`;
    return this.create(chip, busTokens[kind], irqDomainFlags.MSI_DEVICE);
  }

  private create(chipName: string, busToken: number, flags: number): IrqDomain {
    return this.createNamed(chipName, `${chipName}-${busToken}`, flags);
  }

  /** A domain whose chip has a name of its own, as a recorded machine's: `IR-…` for what is remapped. */
  createNamed(chipName: string, domainName: string, flags: number, printed?: string): IrqDomain {
    const { vectors, remapping, apics } = this.parts;
    const remapped = remapping !== undefined && chipName.startsWith('IR-');
    return msiCreateIrqDomain(this.core, {
      name: domainName,
      parent: remapped ? remapping : vectors,
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
    return this.perDevice ? index : pciMsiDomainCalcHwirq(device, index);
  }

  receiverFor(device: PciDevice): MsiReceiver {
    return this.parts.receiverFor(device.requester);
  }
}
