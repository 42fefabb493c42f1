import type { CpuId, Hwirq } from '../../lib/brand.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Cpu } from '../../machine/cpu.js';
import type { Procedure } from '../../machine/step.js';
import { irqSetStatusFlags } from '../../irq/management/chip.js';
import type { IrqCore } from '../../irq/core.js';
import { genericHandleIrqDesc } from '../../irq/line/handle.js';
import { IRQ_HANDLED } from '../../irq/data/irqaction.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import type { IrqDomain } from '../../irq/data/revmap.js';
import { irqCreateMappingSteps, irqDisposeMappingSteps } from '../../irq/mapping/irqdomain.js';
import { freeIrq } from '../../irq/management/free.js';
import { requestIrq } from '../../irq/management/request.js';
import { irqStatus } from '../../irq/data/settings.js';
import { VMBUS_CONNECT_CPU } from '../channel/placement.js';
import type { HvPerCpuContext } from '../synic.js';

/** The relid of control messages is a number in the irqdomain like all others. */
const CONTROL_HWIRQ: Hwirq = 0;

/** Who handles the interrupt of a control message, and so counts it: a plug-in point of the design. */
export interface ControlMessages {
  setup(contexts: readonly HvPerCpuContext[]): Procedure<void>;
  /** Undoes setup. */
  remove(): Procedure<void>;
  /** A message waits in the slot of this CPU. @returns true if the top-level interrupt is to be counted for it. */
  pending(cpu: Cpu, context: HvPerCpuContext): boolean;
}

/** The top-level handler leaves them to a tasklet: vmbus_isr of 6.1 to 7.2, and of RFC patch 9, which then counts itself. */
export class ControlTasklet implements ControlMessages {
  *setup(): Procedure<void> {}

  *remove(): Procedure<void> {}

  pending(cpu: Cpu, context: HvPerCpuContext): boolean {
    cpu.taskletSchedule(context.msgDpc);
    return true;
  }
}

/**
 * They have a Linux IRQ of their own, demultiplexed like the channels' (proposed in the review of the RFC's patch 6, to
 * go with a top level that accounts nothing). The review names neither the IRQ nor its number; here it is relid 0.
 */
export class ControlIrq implements ControlMessages {
  private desc: IrqDesc | undefined;

  constructor(
    private readonly core: IrqCore,
    private readonly domain: IrqDomain,
  ) {}

  *setup(contexts: readonly HvPerCpuContext[]): Procedure<void> {
    const { core, domain } = this;
    const { machine } = core;
    const irq = yield* irqCreateMappingSteps(domain, CONTROL_HWIRQ);
    irqSetStatusFlags(core, irq, irqStatus.NO_BALANCING);
    const handler = (): number => {
      const cpu: CpuId = machine.thisCpu;
      machine.cpus[cpu].taskletSchedule(contexts[cpu].msgDpc);
      return IRQ_HANDLED;
    };
    const ret = yield* requestIrq(core, irq, handler, 0, 'hv_vmbus', this);
    const desc = core.desc(irq);
    if (ret !== 0 || desc === undefined)
      throw new Error(`the IRQ of control messages cannot be requested: ${ret}`);
    const connectCpu = CpuMask.of(machine.nrCpuIds, [VMBUS_CONNECT_CPU]);
    desc.data.affinity.copyFrom(connectCpu);
    desc.data.effectiveAffinity.copyFrom(connectCpu);
    this.desc = desc;
  }

  *remove(): Procedure<void> {
    const { core, desc } = this;
    if (desc === undefined) return;
    this.desc = undefined;
    yield* freeIrq(core, desc.irq, this);
    yield* irqDisposeMappingSteps(core, desc.irq);
  }

  pending(): boolean {
    if (this.desc !== undefined) genericHandleIrqDesc(this.desc);
    return false;
  }
}
