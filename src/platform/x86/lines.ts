import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../../irq/core.js';
import { irqd } from '../../irq/data/irqdata.js';
import type { IrqAffinityDesc, IrqDesc } from '../../irq/data/irqdesc.js';
import { type IrqDomain, irqResolveMapping } from '../../irq/data/revmap.js';
import { irqStatus } from '../../irq/data/settings.js';
import { irqSetHandler, irqSetStatusFlags } from '../../irq/management/chip.js';
import { freeDescsSteps } from '../../irq/mapping/alloc-descs.js';
import { irqDomainFreeIrqsSteps } from '../../irq/mapping/hierarchy.js';
import { irqDomainDisassociateSteps } from '../../irq/mapping/irqdomain.js';
import { msiDomainAllocIrqsSteps } from '../../irq/msi/msi-alloc.js';
import { MsiDesc } from '../../irq/msi/msi-desc.js';
import { DeviceInterrupts, flows, requestNames } from '../device-interrupt.js';
import { MsiTable, type MsiReceiver } from '../pci/msi-table.js';
import type { DeviceInterrupt } from '../platform.js';
import type { Ioapic } from './ioapic.js';
import type { PciMsiDomains } from './pci-msi-domains.js';
import { PlainChip } from './plain-chip.js';

/** Chips whose lines are messages to the local APICs: PCI-MSI and its kind, each of which needs a vector. */
const MESSAGES = /MSI|DMAR|AMD-Vi|VMD/;
/** The IO-APIC, as kernels have called it with and without remapping. */
const IOAPIC = /^(IR-)?IO-APIC\b/;

/** A controller's messages that a scenario lists line by line. */
interface MessageChip {
  readonly domain: IrqDomain;
  readonly table: MsiTable;
}

/** The device interrupts of an x86 machine that a scenario gives by number, chip and hwirq. */
export class X86Lines {
  private readonly messageChips = new Map<string, MessageChip>();
  private readonly others: DeviceInterrupts;

  constructor(
    private readonly core: IrqCore,
    private readonly parts: {
      readonly ioapic: Ioapic;
      readonly pci: PciMsiDomains;
      /** Takes messages, through interrupt remapping or past it. */
      readonly receiver: (remapped: boolean) => MsiReceiver;
    },
  ) {
    this.others = new DeviceInterrupts(core, (name, printed) => new PlainChip(name, printed), true);
  }

  /**
   * Maps the interrupt and requests it for handlers that do nothing but take it, one for each name.
   *
   * @throws RangeError if its number or pin is taken, or it cannot be requested.
   */
  *request(interrupt: DeviceInterrupt): Procedure<void> {
    yield* this.map(interrupt);
    yield* requestNames(this.core, interrupt);
  }

  private *map(interrupt: DeviceInterrupt): Procedure<void> {
    const { irq, chip, hwirq, flow } = interrupt;
    const present = this.core.desc(irq);
    const isThere = present?.data.domain === null && present.data.chip.name === chip;
    if (hwirq === null && isThere && present.action === undefined) return;
    const inDomain = hwirq !== null && flow !== 'percpu';
    if (inDomain && IOAPIC.test(chip) && hwirq < this.parts.ioapic.pins) yield* this.mapPin(interrupt, hwirq);
    else if (inDomain && MESSAGES.test(chip)) yield* this.mapMessage(interrupt, hwirq);
    else {
      yield* this.makeRoom(irq);
      this.others.map(interrupt);
    }
  }

  private *mapPin(interrupt: DeviceInterrupt, pin: number): Procedure<void> {
    const { ioapic } = this.parts;
    const { irq, managed } = interrupt;
    const level = interrupt.trigger === 'level';
    const holder = irqResolveMapping(ioapic.domain, pin);
    if (holder?.action !== undefined)
      throw new RangeError(`IRQ ${holder.irq} is taken; choose another number`);
    const mayStay = holder?.irq === irq && !managed;
    let ret = mayStay ? yield* ioapic.mapPin({ pin, level, irq }) : errnoValue('EBUSY');
    if (ret === errnoValue('EBUSY')) {
      // A line of firmware's that is triggered otherwise gives way: the scenario knows better.
      yield* this.makeRoom(irq);
      if (holder !== undefined && holder.irq !== irq) yield* this.makeRoom(holder.irq);
      ret = yield* ioapic.mapPin({ pin, level, irq, affinity: this.keptFor(interrupt) });
    }
    if (ret !== irq) throw new RangeError(`pin ${pin} of the IO-APIC cannot be IRQ ${irq}: ${ret}`);
    this.finish(interrupt);
  }

  private *mapMessage(interrupt: DeviceInterrupt, hwirq: number): Procedure<void> {
    const { irq, chip } = interrupt;
    yield* this.makeRoom(irq);
    const { domain, table } = this.messageChip(interrupt);
    const ret = yield* msiDomainAllocIrqsSteps(domain, {
      descs: [new MsiDesc(table, hwirq, 1, this.keptFor(interrupt))],
      hwirqOf: () => hwirq,
      node: -1,
      deviceName: null,
      irq,
    });
    if (ret !== 0) throw new RangeError(`IRQ ${irq} of ${chip} (hwirq ${hwirq}) cannot be made: ${ret}`);
    this.finish(interrupt);
  }

  /** The CPUs on which a managed line has vectors kept for it; null: it is none. */
  private keptFor({ managed, affinity }: DeviceInterrupt): IrqAffinityDesc[] | null {
    return managed ? [{ mask: (affinity ?? this.core.defaultAffinity).clone(), managed }] : null;
  }

  private messageChip({ chip: name, chipPrinted = false }: DeviceInterrupt): MessageChip {
    const key = chipPrinted ? `prints ${name}` : name;
    let chip = this.messageChips.get(key);
    if (chip === undefined) {
      const { pci, receiver } = this.parts;
      const shown = name.trim();
      chip = {
        domain: pci.createNamed(shown, shown, 0, chipPrinted ? name : undefined),
        table: new MsiTable(receiver(shown.startsWith('IR-'))),
      };
      this.messageChips.set(key, chip);
    }
    return chip;
  }

  /** What the scenario says otherwise than the controller does. */
  private finish({ irq, flow, flowName, affinity, trigger, managed }: DeviceInterrupt): void {
    const { core } = this;
    const desc = core.desc(irq);
    if (desc === undefined) throw new RangeError(`there is no IRQ ${irq}`);
    const name = flowName === undefined ? flow : flowName;
    if (desc.handleIrq !== flows[flow] || desc.cold.name !== name) {
      irqSetHandler(core, irq, flows[flow], false, name);
    }
    if (trigger === 'level') irqSetStatusFlags(core, irq, irqStatus.LEVEL);
    if (affinity === undefined || managed) return;
    desc.data.affinity.copyFrom(affinity);
    desc.data.set(irqd.AFFINITY_SET);
  }

  /** Takes a number from a line that nobody uses. @throws RangeError if somebody does. */
  private *makeRoom(irq: Irq): Procedure<void> {
    const desc = this.core.desc(irq);
    if (desc === undefined) return;
    if (desc.action !== undefined) throw new RangeError(`IRQ ${irq} is taken; choose another number`);
    yield* this.forget(desc);
  }

  private *forget(desc: IrqDesc): Procedure<void> {
    const { core } = this;
    const { irq, data } = desc;
    if (data.domain?.isHierarchy) {
      yield* irqDomainFreeIrqsSteps(core, irq, 1);
      return;
    }
    if (data.domain !== null) yield* irqDomainDisassociateSteps(core, data.domain, desc);
    yield* freeDescsSteps(core, irq, 1);
  }
}
