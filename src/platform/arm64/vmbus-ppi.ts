import type { CpuId } from '../../lib/brand.js';
import type { Cpu, InterruptHandler } from '../../machine/cpu.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Machine } from '../../machine/machine.js';
import type { Procedure } from '../../machine/step.js';
import { irqSetHandler, irqSetIrqType, irqSetStatusFlags } from '../../irq/management/chip.js';
import type { IrqCore } from '../../irq/core.js';
import { genericHandleIrqDesc } from '../../irq/line/handle.js';
import { IRQ_HANDLED, IRQ_NONE, irqType } from '../../irq/data/irqaction.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { disablePercpuIrq, enablePercpuIrq, requestPercpuIrq } from '../../irq/management/percpu.js';
import { irqStatus } from '../../irq/data/settings.js';
import type { LineAccounting } from '../line-accounting.js';
import type { DemuxHandler, PerCpuLine } from '../platform.js';
import type { GicDomain } from './gic-domain.js';

/** Interrupt id of the PPI that Hyper-V raises for VMBus on arm64. */
export const VMBUS_INTID = 18;
/** Name of the PPI's action. */
export const VMBUS_LINE_NAME = 'Hyper-V VMbus';

/**
 * The PPI that Hyper-V raises for VMBus: a Linux per-CPU IRQ; with the RFC its flow handler counts only what the handler
 * wants counted (drivers/hv/vmbus_drv.c vmbus_percpu_isr, RFC patches 6 and 9).
 */
export class VmbusPpi implements PerCpuLine, InterruptHandler {
  private desc: IrqDesc | undefined;
  /** CPUs whose redistributor holds the PPI back, since it is disabled there. */
  private readonly heldBack: CpuMask;

  constructor(
    private readonly machine: Machine,
    private readonly core: IrqCore,
    private readonly gic: GicDomain,
    private readonly accounting: LineAccounting,
  ) {
    this.heldBack = new CpuMask(machine.nrCpuIds);
  }

  *setup(handler: DemuxHandler): Procedure<void> {
    const { core, machine } = this;
    const desc = this.gic.mapPpi(VMBUS_INTID);
    irqSetIrqType(core, desc.irq, irqType.EDGE_RISING);
    irqSetHandler(core, desc.irq, this.accounting.flow, false, null);
    if (this.accounting.hidden) irqSetStatusFlags(core, desc.irq, irqStatus.HIDDEN);
    const ret = yield* requestPercpuIrq(
      core,
      desc.irq,
      () => (handler(machine.runningCpu) ? IRQ_HANDLED : IRQ_NONE),
      VMBUS_LINE_NAME,
      this,
    );
    if (ret !== 0) throw new Error(`the VMBus interrupt ${desc.irq} cannot be requested: ${ret}`);
    this.desc = desc;
    machine.setVectorHandler(VMBUS_INTID, this);
  }

  enable(cpu: Cpu): void {
    if (this.desc === undefined) return;
    this.onCpu(cpu, this.desc, enablePercpuIrq);
    if (!this.heldBack.has(cpu.id)) return;
    this.heldBack.clear(cpu.id);
    cpu.raise(VMBUS_INTID);
  }

  disable(cpu: Cpu): void {
    if (this.desc) this.onCpu(cpu, this.desc, disablePercpuIrq);
  }

  raise(cpu: CpuId): void {
    this.machine.cpus[cpu].raise(VMBUS_INTID);
  }

  /** The GIC keeps the edge of a disabled interrupt until it is enabled. */
  handleInterrupt(cpu: Cpu): void {
    const { desc } = this;
    if (desc?.percpuEnabled?.has(cpu.id)) genericHandleIrqDesc(desc);
    else this.heldBack.set(cpu.id);
  }

  private onCpu(cpu: Cpu, desc: IrqDesc, action: (core: IrqCore, irq: number) => void): void {
    const { machine } = this;
    const previous = machine.thisCpu;
    machine.thisCpu = cpu.id;
    action(this.core, desc.irq);
    machine.thisCpu = previous;
  }
}
