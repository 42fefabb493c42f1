import type { Irq } from '../lib/brand.js';
import type { Proc } from '../machine/step.js';
import {
  handleEdgeIrq,
  handleFasteoiIrq,
  handleLevelIrq,
  handlePercpuIrq,
  handleSimpleIrq,
  irqSetChipAndHandler,
  irqSetStatusFlags,
} from '../irq/chip.js';
import type { IrqCore } from '../irq/core.js';
import { IRQ_HANDLED, IRQF_PERCPU, IRQF_SHARED } from '../irq/irqaction.js';
import type { IrqChip } from '../irq/irqchip.js';
import { allocDescs, type IrqFlowHandler } from '../irq/irqdesc.js';
import { type IrqDomain, irqDomainAssociate, irqDomainCreateTree } from '../irq/irqdomain.js';
import { requestIrq } from '../irq/request.js';
import { irqStatus } from '../irq/settings.js';
import type { DeviceInterrupt } from './platform.js';

const flows: Readonly<Record<DeviceInterrupt['flow'], IrqFlowHandler>> = {
  edge: handleEdgeIrq,
  level: handleLevelIrq,
  fasteoi: handleFasteoiIrq,
  percpu: handlePercpuIrq,
  simple: handleSimpleIrq,
};

/** The device interrupts of a machine: one irqdomain for each chip. */
export class DeviceInterrupts {
  private readonly domains = new Map<string, IrqDomain>();

  constructor(
    private readonly core: IrqCore,
    private readonly chipNamed: (name: string) => IrqChip,
    /** True where flow handlers are named in /proc/interrupts. */
    private readonly flowNames: boolean,
  ) {}

  /**
   * Gives the interrupt a descriptor, with the number asked for, unless it has one already, and sets chip and flow.
   *
   * @throws RangeError if its number belongs to another interrupt.
   */
  map(interrupt: Omit<DeviceInterrupt, 'name'>): void {
    const { core } = this;
    const { irq, hwirq, flow, chip, trigger } = interrupt;
    const existing = core.desc(irq);
    if (existing !== undefined) {
      if (existing.data.domain === null || existing.data.hwirq !== hwirq) {
        throw new RangeError(`IRQ ${irq} is taken; choose another number`);
      }
    } else {
      if (allocDescs(core, irq, 0, 1) !== irq) throw new RangeError(`there is no IRQ ${irq}`);
      irqDomainAssociate(this.domainOf(chip), irq, hwirq);
    }
    irqSetChipAndHandler(core, irq, this.chipNamed(chip), flows[flow], this.flowNames ? flow : null);
    if (trigger === 'level') irqSetStatusFlags(core, irq, irqStatus.LEVEL);
    if (flow === 'percpu') irqSetStatusFlags(core, irq, irqStatus.PER_CPU);
  }

  /**
   * Maps the interrupt and requests it for handlers that do nothing but take it, one for each name.
   *
   * @throws RangeError if it can not be requested.
   */
  *request(interrupt: DeviceInterrupt): Proc<void> {
    this.map(interrupt);
    const names = interrupt.name.split(', ');
    for (const name of names) {
      const flags = (interrupt.flow === 'percpu' ? IRQF_PERCPU : 0) | (names.length > 1 ? IRQF_SHARED : 0);
      const ret = yield* requestIrq(this.core, interrupt.irq, takeInterrupt, flags, name, { name });
      if (ret !== 0) throw new RangeError(`IRQ ${interrupt.irq} (${name}) can not be requested: ${ret}`);
    }
  }

  private domainOf(chip: string): IrqDomain {
    let domain = this.domains.get(chip);
    if (domain === undefined) {
      domain = irqDomainCreateTree(this.core, { name: chip, ops: {} });
      this.domains.set(chip, domain);
    }
    return domain;
  }
}

function takeInterrupt(_irq: Irq): number {
  return IRQ_HANDLED;
}
