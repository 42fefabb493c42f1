import type { CpuId, Irq } from '../../lib/brand.js';
import type { Cpu } from '../../machine/cpu.js';
import type { Machine } from '../../machine/machine.js';
import type { Procedure } from '../../machine/step.js';
import { irqSetHandler, irqSetStatusFlags } from '../../irq/management/chip.js';
import type { IrqCore } from '../../irq/core.js';
import { IRQ_HANDLED, IRQ_NONE, irqType, named } from '../../irq/data/irqaction.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import {
  disablePercpuIrq,
  enablePercpuIrq,
  freePercpuIrq,
  requestPercpuIrq,
} from '../../irq/management/percpu.js';
import { irqStatus } from '../../irq/data/settings.js';
import type { LineAccounting } from '../line-accounting.js';
import type { DemuxHandler, PerCpuLine } from '../platform.js';
import type { GicDomain } from './gic-domain.js';
import { onCpu } from './percpu-lines.js';

/** Interrupt id of the PPI that Hyper-V raises for VMBus on arm64. */
export const VMBUS_INTID = 18;
/** Name of the PPI's action. */
export const VMBUS_LINE_NAME = 'Hyper-V VMbus';

/**
 * The PPI that Hyper-V raises for VMBus: a Linux per-CPU IRQ; with the RFC its flow handler counts only what the handler
 * wants counted (drivers/hv/vmbus_drv.c vmbus_percpu_isr, RFC patches 6 and 9).
 */
export class VmbusPpi implements PerCpuLine {
  private desc: IrqDesc | undefined;

  constructor(
    private readonly machine: Machine,
    private readonly core: IrqCore,
    private readonly gic: GicDomain,
    private readonly accounting: LineAccounting,
  ) {}

  /**
   * Gives the PPI its Linux IRQ, unless it has one. That it comes as edges is what the host's ACPI tables say
   * (drivers/hv/vmbus_drv.c vmbus_walk_resources, acpi_register_gsi); nobody could change it, as it is not one line but
   * each CPU's.
   *
   * @param at another IRQ than the next free one.
   * @throws RangeError if `at` is taken.
   */
  static mapLine(gic: GicDomain, at?: Irq): IrqDesc {
    return gic.map(VMBUS_INTID, irqType.EDGE_RISING, at);
  }

  /** request_percpu_irq: EBUSY if the handler of a module that was unloaded is still there. */
  *setup(handler: DemuxHandler): Procedure<number> {
    const { core, machine } = this;
    const desc = VmbusPpi.mapLine(this.gic);
    irqSetHandler(core, desc.irq, this.accounting.flow, false, null);
    if (this.accounting.hidden) irqSetStatusFlags(core, desc.irq, irqStatus.HIDDEN);
    const ret = yield* requestPercpuIrq(
      core,
      desc.irq,
      named(() => (handler(machine.runningCpu) ? IRQ_HANDLED : IRQ_NONE), 'vmbus_percpu_isr'),
      VMBUS_LINE_NAME,
      this,
    );
    if (ret === 0) this.desc = desc;
    else machine.log.prErr(`hv_vmbus: Can't request Hyper-V VMbus IRQ ${desc.irq}, Err ${ret}`);
    return ret;
  }

  /** free_percpu_irq, which leaves the handler where it is, with a warning, while some CPU has the line enabled. */
  *remove(): Procedure<void> {
    const { core, desc } = this;
    if (desc !== undefined) yield* freePercpuIrq(core, desc.irq, this);
  }

  enable(cpu: Cpu): void {
    if (this.desc) onCpu(this.machine, cpu, enablePercpuIrq, this.core, this.desc.irq);
  }

  disable(cpu: Cpu): void {
    if (this.desc) onCpu(this.machine, cpu, disablePercpuIrq, this.core, this.desc.irq);
  }

  raise(cpu: CpuId): void {
    this.gic.gic.pulsePrivate(cpu, VMBUS_INTID);
  }
}
