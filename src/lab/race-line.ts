import type { CpuId } from '../lib/brand.js';
import { earlyIrqInit, type IrqCore, type IrqCoreOptions } from '../irq/core.js';
import { irqd } from '../irq/data/irqdata.js';
import type { IrqHandler } from '../irq/data/irqaction.js';
import type { IrqDesc } from '../irq/data/irqdesc.js';
import { irqDomainCreateLinear } from '../irq/mapping/create-domain.js';
import { irqCreateMapping } from '../irq/mapping/irqdomain.js';
import { irqMoveIrq } from '../irq/affinity/migration.js';
import { irqStatus } from '../irq/data/settings.js';
import { irqSetChipAndHandler, irqSetStatusFlags } from '../irq/management/chip.js';
import { handleFasteoiIrq } from '../irq/line/flow.js';
import { genericHandleIrqDescSteps } from '../irq/line/handle.js';
import type { Interrupt, World } from '../explore/model.js';
import { Machine } from '../machine/machine.js';
import { type Procedure, inFunction, runAtomic } from '../machine/step.js';
import { LevelPin, LevelPinChip } from './level-pin.js';

/** What a line in an explorer's world is like. */
export interface RaceLineOptions extends IrqCoreOptions {
  /** Default 2. */
  readonly cpus?: number;
  /** Where the interrupt goes first; default: the last CPU. */
  readonly target?: CpuId;
  /** The chip can tell that an interrupt is on its way to a CPU; default true. */
  readonly answersActive?: boolean;
}

/**
 * One level-triggered line of a plain machine in an explorer's world, to be requested by whoever races about it: for
 * races of the interrupt layer that have nothing to do with VMBus. Its interrupts are contexts of the world.
 */
export class RaceLine {
  readonly machine: Machine;
  readonly core: IrqCore;
  readonly pin: LevelPin;
  readonly desc: IrqDesc;
  /** Interrupts that found no handler behind their vector. */
  unknownVectors = 0;
  private readonly interrupts: Interrupt[] = [];

  constructor(world: World, options: RaceLineOptions = {}) {
    const { cpus = 2, target = cpus - 1, answersActive = true } = options;
    this.machine = new Machine({ present: cpus });
    this.core = earlyIrqInit(this.machine, options);
    this.core.defaultAffinity.clearAll();
    this.core.defaultAffinity.set(target);
    this.pin = new LevelPin(target, (cpu) => this.interrupts[cpu].raise());
    const chip = new LevelPinChip(this.pin, answersActive, irqMoveIrq);
    const domain = irqDomainCreateLinear(this.core, {
      name: 'IO-APIC-0',
      size: 24,
      ops: {
        map: ({ core }, irq) => {
          irqSetChipAndHandler(core, irq, chip, handleFasteoiIrq, 'fasteoi');
          irqSetStatusFlags(core, irq, irqStatus.LEVEL);
          return 0;
        },
        activate: () => this.pin.activate(),
        deactivate: () => this.pin.deactivate(),
      },
    });
    const irq = irqCreateMapping(domain, 10);
    const desc = this.core.desc(irq);
    if (desc === undefined) throw new Error(`no descriptor for IRQ ${irq}`);
    this.desc = desc;
    world.attach(this.machine);
    for (const { id } of this.machine.cpus) {
      this.interrupts.push(world.interrupt(id, 'common_interrupt', () => this.commonInterrupt()));
    }
  }

  get irq(): number {
    return this.desc.irq;
  }

  /** The line in lines of text, for whoever walks through a trace. */
  describe(): readonly string[] {
    const { pin, desc } = this;
    const { IRQ_DISABLED, IRQ_MASKED, IRQ_INPROGRESS } = irqd;
    const flags = Object.entries({
      disabled: IRQ_DISABLED,
      masked: IRQ_MASKED,
      'in progress': IRQ_INPROGRESS,
    });
    const set = flags.filter(([, flag]) => desc.data.has(flag)).map(([name]) => name);
    return [
      `pin: line ${pin.isHigh ? 'high' : 'low'}, ${pin.isSent ? `sent to CPU ${pin.cpu}` : 'not sent'}`,
      `IRQ ${desc.irq}: ${[...desc.actions()].length} actions, depth ${desc.cold.depth}, ${set.join(', ') || 'enabled'}`,
    ];
  }

  /** What a CPU does with the interrupt (arch/x86/kernel/irq.c common_interrupt). */
  private *commonInterrupt(): Procedure<void> {
    if (yield* inFunction('common_interrupt', this.pin.lookUpVector())) {
      yield* inFunction('handle_fasteoi_irq', genericHandleIrqDescSteps(this.desc));
    } else {
      this.unknownVectors += 1;
    }
  }
}

/** A handler that runs step by step. */
export function handlerOf(steps: NonNullable<IrqHandler['steps']>): IrqHandler {
  return Object.assign((irq: number, devId: unknown) => runAtomic(steps(irq, devId)), { steps });
}
