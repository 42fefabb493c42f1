import type { CpuId } from '../lib/brand.js';
import type { Cpu, InterruptHandler } from '../machine/cpu.js';
import type { Machine } from '../machine/machine.js';
import type { Proc } from '../machine/step.js';
import {
  handlePercpuDemuxIrq,
  handlePercpuDevidIrq,
  irqSetChipAndHandler,
  irqSetHandler,
  irqSetIrqType,
  irqSetStatusFlags,
} from '../irq/chip.js';
import type { IrqCore } from '../irq/core.js';
import { genericHandleIrqDesc } from '../irq/handle.js';
import { IRQ_HANDLED, IRQ_NONE, irqType } from '../irq/irqaction.js';
import { allocDescs, type IrqDesc } from '../irq/irqdesc.js';
import { type IrqDomain, irqDomainAssociate, irqDomainCreateTree } from '../irq/irqdomain.js';
import { disablePercpuIrq, enablePercpuIrq, irqSetPercpuDevid, requestPercpuIrq } from '../irq/percpu.js';
import { irqStatus } from '../irq/settings.js';
import { DeviceInterrupts } from './device-interrupt.js';
import { GicChip } from './gicv3.js';
import { type ArchRow, type ArchSource, archSources, type DemuxHandler, type DeviceInterrupt, type PerCpuLine, type Platform } from './platform.js';

/** Interrupt id of the PPI that Hyper-V raises for VMBus on arm64. */
export const VMBUS_INTID = 18;
/** First interrupt id that is not private to a CPU. */
const FIRST_SPI = 32;
const NR_SGIS = 8;
/** Initial number of IRQs: NR_IRQS of an architecture that says nothing else (include/asm-generic/irq.h). */
export const ARM64_NR_IRQS = 64;

/** The rows of an arm64 machine, in their order (arch/arm64/kernel/smp.c arch_show_interrupts). */
const rows: readonly ArchRow[] = [
  ['IPI0', 'Rescheduling interrupts'],
  ['IPI1', 'Function call interrupts'],
  ['IPI2', 'CPU stop interrupts'],
  ['IPI3', 'CPU stop (for crash dump) interrupts'],
  ['IPI4', 'Timer broadcast interrupts'],
  ['IPI5', 'IRQ work interrupts'],
  ['IPI6', 'CPU backtrace interrupts'],
  ['IPI7', 'KGDB roundup interrupts'],
  ['Err', '', { single: true, inStat: false }],
];

/**
 * The PPI that Hyper-V raises for VMBus: a Linux per-CPU IRQ whose flow handler counts only what the handler wants
 * counted (drivers/hv/vmbus_drv.c vmbus_percpu_isr, RFC patches 6 and 9).
 */
class VmbusPpi implements PerCpuLine, InterruptHandler {
  private desc: IrqDesc | undefined;

  constructor(
    private readonly machine: Machine,
    private readonly core: IrqCore,
    private readonly gic: Gic,
  ) {}

  *setup(handler: DemuxHandler): Proc<void> {
    const { core, machine } = this;
    const desc = this.gic.mapPpi(VMBUS_INTID);
    irqSetIrqType(core, desc.irq, irqType.EDGE_RISING);
    irqSetHandler(core, desc.irq, handlePercpuDemuxIrq, false, null);
    const ret = yield* requestPercpuIrq(
      core,
      desc.irq,
      () => (handler(machine.cpus[machine.thisCpu]) ? IRQ_HANDLED : IRQ_NONE),
      'Hyper-V VMbus',
      this,
    );
    if (ret !== 0) throw new Error(`the VMBus interrupt ${desc.irq} can not be requested: ${ret}`);
    this.desc = desc;
    machine.setVectorHandler(VMBUS_INTID, this);
  }

  enable(cpu: Cpu): void {
    if (this.desc) this.onCpu(cpu, this.desc, enablePercpuIrq);
  }

  disable(cpu: Cpu): void {
    if (this.desc) this.onCpu(cpu, this.desc, disablePercpuIrq);
  }

  raise(cpu: CpuId): void {
    this.machine.cpus[cpu].raise(VMBUS_INTID);
  }

  handleInterrupt(): void {
    if (this.desc !== undefined) genericHandleIrqDesc(this.desc);
  }

  private onCpu(cpu: Cpu, desc: IrqDesc, action: (core: IrqCore, irq: number) => void): void {
    const { machine } = this;
    const previous = machine.thisCpu;
    machine.thisCpu = cpu.id;
    action(this.core, desc.irq);
    machine.thisCpu = previous;
  }
}

/** The GICv3's irqdomain: interrupt ids to Linux IRQs. */
class Gic {
  private readonly chip = new GicChip();
  private readonly domain: IrqDomain;

  constructor(private readonly core: IrqCore) {
    this.domain = irqDomainCreateTree(core, { name: 'irqchip@0x00000000ffff0000-1', ops: {} });
    for (let sgi = 0; sgi < NR_SGIS; sgi++) {
      const { irq } = this.mapPpi(sgi);
      irqSetStatusFlags(core, irq, irqStatus.HIDDEN);
    }
  }

  /** Maps a per-CPU interrupt id to the next free Linux IRQ (gic_irq_domain_map). */
  mapPpi(intid: number): IrqDesc {
    const { core } = this;
    const irq = allocDescs(core, -1, 1, 1);
    irqDomainAssociate(this.domain, irq, intid);
    irqSetPercpuDevid(core, irq);
    irqSetChipAndHandler(core, irq, this.chip, handlePercpuDevidIrq, null);
    const desc = core.desc(irq);
    if (desc === undefined) throw new Error(`no IRQ for interrupt id ${intid}`);
    return desc;
  }
}

/** An arm64 machine with a GICv3. */
export class Arm64Platform implements Platform {
  readonly arch = 'arm64';
  readonly vmbusLine: PerCpuLine;
  private readonly archRows: readonly ArchSource[];
  private readonly devices: DeviceInterrupts;

  constructor(machine: Machine, core: IrqCore) {
    this.archRows = archSources(machine.nrCpuIds, rows);
    const chip = new GicChip();
    this.devices = new DeviceInterrupts(core, (name) => (name === chip.name ? chip : new GicChip(name)), false);
    this.vmbusLine = new VmbusPpi(machine, core, new Gic(core));
  }

  sources(): readonly ArchSource[] {
    return this.archRows;
  }

  *addInterrupt(interrupt: DeviceInterrupt): Proc<void> {
    const flow = interrupt.hwirq < FIRST_SPI ? 'percpu' : 'fasteoi';
    yield* this.devices.request({ ...interrupt, flow });
  }
}
