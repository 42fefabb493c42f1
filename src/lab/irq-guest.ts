import type { Hwirq } from '../lib/brand.js';
import type { World } from '../explore/model.js';
import { earlyIrqInit, type IrqCore, type IrqCoreOptions } from '../irq/core.js';
import { type IrqChip, irqDataUpdateEffectiveAffinity } from '../irq/data/irqdata.js';
import type { IrqAffinityDesc, IrqDesc, IrqFlowHandler } from '../irq/data/irqdesc.js';
import type { IrqDomain } from '../irq/data/revmap.js';
import { handleSimpleIrq } from '../irq/line/flow.js';
import { irqSetChipAndHandler } from '../irq/management/chip.js';
import { irqDomainCreateLinear } from '../irq/mapping/create-domain.js';
import { irqCreateMapping } from '../irq/mapping/irqdomain.js';
import { CpuMask } from '../machine/cpumask.js';
import { Machine } from '../machine/machine.js';

export interface IrqGuestOptions extends IrqCoreOptions {
  /** Default 2. */
  readonly cpus?: number;
  /** Flow handler of each line; default: handle_simple_irq. */
  readonly flow?: IrqFlowHandler;
  /** Callbacks of the chip besides mask, unmask, ack and set_affinity. */
  readonly chip?: Partial<IrqChip>;
}

/** Hwirqs of the domain. */
const SIZE = 8;

/**
 * A machine with its interrupt layer and one irqdomain in an explorer's world, without VMBus: for races of the interrupt
 * layer alone. Its chip does as it is told.
 */
export class IrqGuest {
  readonly machine: Machine;
  readonly core: IrqCore;
  readonly domain: IrqDomain;

  constructor(world: World, { cpus = 2, flow = handleSimpleIrq, chip, ...options }: IrqGuestOptions = {}) {
    this.machine = new Machine({ present: cpus });
    this.machine.hotplug.announcesCpus = false;
    this.core = earlyIrqInit(this.machine, { dynirqLowerBound: 24, ...options });
    const { core } = this;
    const obedient: IrqChip = {
      name: 'chip',
      irqMask() {},
      irqUnmask() {},
      irqAck() {},
      irqSetAffinity(d, dest) {
        irqDataUpdateEffectiveAffinity(d, CpuMask.of(dest.nrCpuIds, [dest.first()]));
        return 0;
      },
      ...chip,
    };
    const map = (_domain: IrqDomain, irq: number): number => {
      irqSetChipAndHandler(core, irq, obedient, flow, null);
      return 0;
    };
    this.domain = irqDomainCreateLinear(core, { name: 'intc', size: SIZE, ops: { map } });
    world.attach(this.machine);
  }

  mask(...cpus: readonly number[]): CpuMask {
    return CpuMask.of(this.machine.nrCpuIds, cpus);
  }

  /** A line that is mapped already. */
  line(hwirq: Hwirq, affinity: IrqAffinityDesc | null = null): IrqDesc {
    const desc = this.core.desc(irqCreateMapping(this.domain, hwirq, affinity));
    if (desc === undefined) throw new Error(`hwirq ${hwirq} cannot be mapped`);
    return desc;
  }

  /** Lines of the kernel's log with `text` in them. */
  said(text: string): readonly string[] {
    return this.machine.log.lines.map((line) => line.text).filter((line) => line.includes(text));
  }
}
