import type { CpuId, Irq } from '../../lib/brand.js';
import type { Cpu, InterruptHandler } from '../../machine/cpu.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Machine } from '../../machine/machine.js';
import type { Procedure } from '../../machine/step.js';
import { handlePercpuDevidIrq } from '../../irq/line/flow.js';
import {
  irqSetChipAndHandler,
  irqSetHandler,
  irqSetIrqType,
  irqSetStatusFlags,
} from '../../irq/management/chip.js';
import type { IrqCore } from '../../irq/core.js';
import type { KernelBehaviour } from '../../irq/kernel.js';
import { genericHandleIrqDesc } from '../../irq/line/handle.js';
import { IRQ_HANDLED, IRQ_NONE, irqType } from '../../irq/data/irqaction.js';
import { allocDescs } from '../../irq/mapping/alloc-descs.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { type IrqDomain, irqResolveMapping } from '../../irq/data/revmap.js';
import { irqDisposeMapping, irqDomainAssociate, irqDomainCreateTree } from '../../irq/mapping/irqdomain.js';
import {
  disablePercpuIrq,
  enablePercpuIrq,
  irqSetPercpuDevid,
  requestPercpuIrq,
} from '../../irq/management/percpu.js';
import { irqStatus } from '../../irq/data/settings.js';
import { DeviceInterrupts } from '../device-interrupt.js';
import { GicChip } from './gicv3.js';
import { type LineAccounting, percpuDemux } from '../line-accounting.js';
import {
  type ArchRow,
  type ArchSource,
  archSources,
  type DemuxHandler,
  type DeviceInterrupt,
  type PerCpuLine,
  type Platform,
} from '../platform.js';

/** Interrupt id of the PPI that Hyper-V raises for VMBus on arm64. */
export const VMBUS_INTID = 18;
/** Name of the PPI's action. */
export const VMBUS_LINE_NAME = 'Hyper-V VMbus';
/** First interrupt id that is not private to a CPU. */
const FIRST_SPI = 32;
const NR_SGIS = 8;
/** Initial number of IRQs: NR_IRQS of an architecture that says nothing else (include/asm-generic/irq.h). */
export const ARM64_NR_IRQS = 64;

/** The inter-processor interrupts by kernel, in the order of their rows (arch/arm64/kernel/smp.c ipi_types). */
const ipiTexts: Readonly<Record<KernelBehaviour['arm64Ipis'], readonly string[]>> = {
  withWakeup: [...basicIpis('CPU stop (for crash dump) interrupts'), 'CPU wake-up interrupts'],
  basic: basicIpis('CPU stop (for crash dump) interrupts'),
  withNmis: [...basicIpis('CPU stop NMIs'), 'CPU backtrace interrupts', 'KGDB roundup interrupts'],
};

function basicIpis(secondStop: string): string[] {
  return [
    'Rescheduling interrupts',
    'Function call interrupts',
    'CPU stop interrupts',
    secondStop,
    'Timer broadcast interrupts',
    'IRQ work interrupts',
  ];
}

/** The rows of an arm64 machine, in their order (arch/arm64/kernel/smp.c arch_show_interrupts). */
function archTable({ arm64Ipis }: KernelBehaviour): ArchRow[] {
  return [
    ...ipiTexts[arm64Ipis].map((text, i): ArchRow => [`IPI${i}`, text]),
    ['Err', '', { single: true, inStat: false }],
  ];
}

/**
 * The PPI that Hyper-V raises for VMBus: a Linux per-CPU IRQ; with the RFC its flow handler counts only what the handler
 * wants counted (drivers/hv/vmbus_drv.c vmbus_percpu_isr, RFC patches 6 and 9).
 */
class VmbusPpi implements PerCpuLine, InterruptHandler {
  private desc: IrqDesc | undefined;
  /** CPUs whose redistributor holds the PPI back, since it is disabled there. */
  private readonly heldBack: CpuMask;

  constructor(
    private readonly machine: Machine,
    private readonly core: IrqCore,
    private readonly gic: Gic,
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
      () => (handler(machine.cpus[machine.thisCpu]) ? IRQ_HANDLED : IRQ_NONE),
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

  /**
   * Maps a per-CPU interrupt id, unless it is mapped, to the next free Linux IRQ (gic_irq_domain_map).
   *
   * @param at another Linux IRQ to take, in place of an inter-processor interrupt that has it.
   * @throws RangeError if `at` is taken otherwise.
   */
  mapPpi(intid: number, at?: Irq): IrqDesc {
    const { core } = this;
    const mapped = irqResolveMapping(this.domain, intid);
    if (mapped !== undefined) return mapped;
    if (at !== undefined && core.desc(at)?.data.domain === this.domain) irqDisposeMapping(core, at);
    const irq = at === undefined ? allocDescs(core, -1, 1, 1) : allocDescs(core, at, 0, 1);
    if (irq < 0) throw new RangeError(`IRQ ${at} is taken; choose another number`);
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
  private readonly gic: Gic;

  constructor(machine: Machine, core: IrqCore, vmbusAccounting: LineAccounting = percpuDemux) {
    machine.hotplug.announcesCpus = false;
    this.archRows = archSources(machine.nrCpuIds, archTable(core.behaviour));
    const chips = new Map<string, GicChip>();
    const chipNamed = (name: string, printed?: string): GicChip => {
      const key = printed === undefined ? name : `prints ${printed}`;
      const chip = chips.get(key) ?? new GicChip(name, printed);
      chips.set(key, chip);
      return chip;
    };
    // There is no GENERIC_PENDING_IRQ: affinities change at once.
    this.devices = new DeviceInterrupts(core, chipNamed, false, { status: irqStatus.MOVE_PCNTXT });
    this.gic = new Gic(core);
    this.vmbusLine = new VmbusPpi(machine, core, this.gic, vmbusAccounting);
  }

  sources(): readonly ArchSource[] {
    return this.archRows;
  }

  *addInterrupt(interrupt: DeviceInterrupt): Procedure<void> {
    const { irq, chip, hwirq, name } = interrupt;
    if (hwirq === VMBUS_INTID && name === VMBUS_LINE_NAME) {
      // VMBus requests it when it connects; only the number is given here.
      this.gic.mapPpi(VMBUS_INTID, irq);
      return;
    }
    const isPrivate = chip.startsWith('GIC') && hwirq !== null && hwirq < FIRST_SPI;
    yield* this.devices.request({ ...interrupt, flow: isPrivate ? 'percpu' : 'fasteoi' });
  }
}
