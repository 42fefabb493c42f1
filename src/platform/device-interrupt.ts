import type { Procedure } from '../machine/step.js';
import { handleEdgeIrq, handleFasteoiIrq, handleLevelIrq, handleSimpleIrq } from '../irq/line/flow.js';
import { handlePercpuIrq } from '../irq/line/percpu-flow.js';
import { irqSetChipAndHandler, irqSetStatusFlags } from '../irq/management/chip.js';
import type { IrqCore } from '../irq/core.js';
import {
  IRQ_HANDLED,
  IRQF_PERCPU,
  IRQF_SHARED,
  named,
  handlerNameOf,
  type IrqHandler,
} from '../irq/data/irqaction.js';
import { type IrqChip, irqd } from '../irq/data/irqdata.js';
import { allocDescs, freeDescs } from '../irq/mapping/alloc-descs.js';
import type { IrqDesc, IrqFlowHandler } from '../irq/data/irqdesc.js';
import type { IrqDomain, IrqDomainOps } from '../irq/data/revmap.js';
import { irqDomainCreateTree } from '../irq/mapping/create-domain.js';
import { irqDomainAssociate, irqDomainDisassociate } from '../irq/mapping/irqdomain.js';
import { requestIrq } from '../irq/management/request.js';
import { irqStatus } from '../irq/data/settings.js';
import type { DeviceInterrupt } from './platform.js';

/** Flow handlers by the names that scenarios have for them. */
export const flows: Readonly<Record<DeviceInterrupt['flow'], IrqFlowHandler>> = {
  edge: handleEdgeIrq,
  level: handleLevelIrq,
  fasteoi: handleFasteoiIrq,
  percpu: handlePercpuIrq,
  simple: handleSimpleIrq,
};

export interface DeviceInterruptOptions {
  /** What the domains do when an interrupt is requested first and freed last. */
  readonly ops?: IrqDomainOps;
  /** Settings (IRQ_*) of every interrupt. */
  readonly status?: number;
}

/** The device interrupts of a machine: one irqdomain for each chip. */
export class DeviceInterrupts {
  private readonly domains = new Map<string, IrqDomain>();
  private readonly chips = new Map<string, IrqChip>();
  private readonly ops: IrqDomainOps;
  private readonly status: number;

  constructor(
    private readonly core: IrqCore,
    /** Makes a chip; with `printed` one that writes that into /proc/interrupts instead of its name. */
    private readonly makeChip: (name: string, printed?: string) => IrqChip,
    /** True where flow handlers are named in /proc/interrupts. */
    private readonly flowNames: boolean,
    options: DeviceInterruptOptions = {},
  ) {
    this.ops = options.ops ?? {};
    this.status = options.status ?? 0;
  }

  /**
   * Gives the interrupt a descriptor with the number asked for, in place of one that the architecture has set up and
   * nobody uses, and sets chip and flow.
   *
   * @throws RangeError if its number belongs to another interrupt.
   */
  map(interrupt: DeviceInterrupt): void {
    const { core } = this;
    const { irq, flow, chip, chipPrinted = false, trigger, affinity } = interrupt;
    const { flowName = this.flowNames ? flow : null } = interrupt;
    const desc = this.descOf(interrupt);
    const ofName = this.chipNamed(chip, chipPrinted);
    irqSetChipAndHandler(core, irq, ofName, flows[flow], flowName);
    const level = trigger === 'level' ? irqStatus.LEVEL : 0;
    const perCpu = flow === 'percpu' ? irqStatus.PER_CPU : 0;
    irqSetStatusFlags(core, irq, this.status | level | perCpu);
    if (flow !== 'percpu') core.desc(irq)?.data.set(irqd.SINGLE_TARGET);
    if (interrupt.managed) desc.data.set(irqd.AFFINITY_MANAGED | irqd.MANAGED_SHUTDOWN | irqd.AFFINITY_SET);
    if (affinity === undefined) return;
    desc.data.affinity.copyFrom(affinity);
    desc.data.set(irqd.AFFINITY_SET);
  }

  /** The descriptor with the interrupt's number and hwirq. */
  private descOf({ irq, hwirq, chip }: DeviceInterrupt): IrqDesc {
    const { core } = this;
    const existing = core.desc(irq);
    if (existing !== undefined) {
      if (existing.action !== undefined) throw new RangeError(`IRQ ${irq} is taken; choose another number`);
      const { domain, hwirq: present } = existing.data;
      if (hwirq === null ? domain === null : domain !== null && present === hwirq) return existing;
      if (domain !== null) irqDomainDisassociate(core, domain, existing);
      freeDescs(core, irq, 1);
    }
    if (allocDescs(core, irq, 0, 1) !== irq) throw new RangeError(`there is no IRQ ${irq}`);
    if (hwirq !== null) irqDomainAssociate(this.domainOf(chip), irq, hwirq);
    const desc = core.desc(irq);
    if (desc === undefined) throw new RangeError(`there is no IRQ ${irq}`);
    return desc;
  }

  /**
   * Maps the interrupt and requests it for handlers that do nothing but take it, one for each name.
   *
   * @throws RangeError if it cannot be requested.
   */
  *request(interrupt: DeviceInterrupt): Procedure<void> {
    this.map(interrupt);
    yield* requestNames(this.core, interrupt);
  }

  private chipNamed(name: string, isPrinted: boolean): IrqChip {
    const key = isPrinted ? `prints ${name}` : name;
    let chip = this.chips.get(key);
    if (chip === undefined) {
      chip = isPrinted ? this.makeChip(name.trim(), name) : this.makeChip(name);
      this.chips.set(key, chip);
    }
    return chip;
  }

  private domainOf(chip: string): IrqDomain {
    let domain = this.domains.get(chip);
    if (domain === undefined) {
      domain = irqDomainCreateTree(this.core, { name: chip, ops: this.ops });
      this.domains.set(chip, domain);
    }
    return domain;
  }
}

/**
 * Requests a mapped interrupt for handlers that do nothing but take it, one for each of its names.
 *
 * @throws RangeError if it cannot be requested.
 */
export function* requestNames(core: IrqCore, { irq, flow, name: all }: DeviceInterrupt): Procedure<void> {
  const names = all?.split(', ') ?? [];
  for (const name of names) {
    const flags = (flow === 'percpu' ? IRQF_PERCPU : 0) | (names.length > 1 ? IRQF_SHARED : 0);
    const ret = yield* requestIrq(core, irq, takeInterrupt(name), flags, name, { name });
    if (ret !== 0) throw new RangeError(`IRQ ${irq} (${name}) cannot be requested: ${ret}`);
  }
}

/** The handler of a driver of which nothing is known but the name of its interrupt. */
export function takeInterrupt(name: string): IrqHandler {
  return named(() => IRQ_HANDLED, handlerNameOf(name));
}
