import type { CpuId } from '../../lib/brand.js';
import type { Cpu, InterruptHandler } from '../../machine/cpu.js';
import type { Machine } from '../../machine/machine.js';
import type { Procedure } from '../../machine/step.js';
import { handleLevelIrq } from '../../irq/line/flow.js';
import { irqSetChipAndHandler } from '../../irq/management/chip.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqChip } from '../../irq/data/irqdata.js';
import { dummyIrqChip } from '../../irq/data/dummychip.js';
import { irqchipFlags } from '../../irq/data/irqchip.js';
import { allocDescs } from '../../irq/mapping/alloc-descs.js';
import { DeviceInterrupts } from '../device-interrupt.js';
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
import { VectorMatrix } from './vectors.js';
import { VectorChip, VectorDomainOps } from './chips.js';

/** Vector that Hyper-V raises for VMBus (HYPERVISOR_CALLBACK_VECTOR). */
export const HYPERVISOR_CALLBACK_VECTOR = 0xf3;
/** Pins of the one IO-APIC, and so the first dynamically allocated IRQ number. */
export const GSI_TOP = 24;
const NR_LEGACY_IRQS = 16;
const NR_VECTORS = 256;
/** The ISA interrupts that are level triggered: ACPI's. */
const ACPI_SCI = 9;
/** The ISA interrupt that cascades the second PIC and goes nowhere. */
const CASCADE = 2;
const TIMER_PIN = 2;

/**
 * The rows of an x86 machine on Hyper-V, in their order (arch/x86/kernel/irq.c arch_show_interrupts), and which of
 * them /proc/stat adds up (arch_irq_stat_cpu, arch_irq_stat; those of the hypervisor since 6.4).
 */
function archTable(hypervisorInStat: boolean, vmbus: LineAccounting): readonly ArchRow[] {
  const hypervisor = { inStat: hypervisorInStat };
  const callback: ArchRow = [
    'HYP',
    'Hypervisor callback interrupts',
    { inStat: hypervisorInStat && vmbus.inStat },
  ];
  const posted = { installed: false, inStat: false };
  return [
    ['NMI', 'Non-maskable interrupts'],
    ['LOC', 'Local timer interrupts'],
    ['SPU', 'Spurious interrupts'],
    ['PMI', 'Performance monitoring interrupts'],
    ['IWI', 'IRQ work interrupts'],
    ['RTR', 'APIC ICR read retries'],
    ['RES', 'Rescheduling interrupts'],
    ['CAL', 'Function call interrupts'],
    ['TLB', 'TLB shootdowns', { inStat: false }],
    ['TRM', 'Thermal event interrupts'],
    ['THR', 'Threshold APIC interrupts'],
    ['DFR', 'Deferred Error APIC interrupts', { inStat: false }],
    ['MCE', 'Machine check exceptions'],
    ['MCP', 'Machine check polls'],
    ...(vmbus.hidden ? [] : [callback]),
    ['HRE', 'Hyper-V reenlightenment interrupts', hypervisor],
    ['HVS', 'Hyper-V stimer0 interrupts', hypervisor],
    ['ERR', '', { single: true }],
    ['MIS', '', { single: true, inStat: false }],
    ['PIN', 'Posted-interrupt notification event', posted],
    ['NPI', 'Nested posted-interrupt event', posted],
    ['PIW', 'Posted-interrupt wakeup event', posted],
  ];
}

/** Initial number of IRQs on x86 with one IO-APIC (arch/x86/kernel/apic/vector.c arch_probe_nr_irqs). */
export function archProbeNrIrqs(nrCpuIds: number): number {
  const wanted = GSI_TOP + NR_LEGACY_IRQS + 8 * nrCpuIds + GSI_TOP * 16;
  return Math.min(wanted, NR_VECTORS * nrCpuIds);
}

/** The vector that x86 reserves for the hypervisor on each CPU: no Linux IRQ; the HYP row counts it. */
class HypervisorCallback implements PerCpuLine, InterruptHandler {
  private handler: DemuxHandler | undefined;

  constructor(
    private readonly machine: Machine,
    private readonly counts: Uint32Array,
    private readonly accounting: LineAccounting,
  ) {}

  *setup(handler: DemuxHandler): Procedure<void> {
    this.handler = handler;
    this.machine.setVectorHandler(HYPERVISOR_CALLBACK_VECTOR, this);
  }

  enable(): void {}

  disable(): void {}

  raise(cpu: CpuId): void {
    this.machine.cpus[cpu].raise(HYPERVISOR_CALLBACK_VECTOR);
  }

  /** sysvec_hyperv_callback; as of RFC patch 9 it counts only what the handler wants counted. */
  handleInterrupt(cpu: Cpu): void {
    if (this.handler === undefined) return;
    if (this.accounting.counts(this.handler(cpu))) this.counts[cpu.id] += 1;
  }
}

/** An x86-64 machine: local APICs, one IO-APIC, ISA interrupts, message signalled interrupts. */
export class X86Platform implements Platform {
  readonly arch = 'x86';
  readonly vmbusLine: PerCpuLine;
  readonly vectors: VectorMatrix;
  private readonly archRows: readonly ArchSource[];
  private readonly devices: DeviceInterrupts;
  private readonly chips = new Map<string, IrqChip>();
  private readonly chipFlags: number;

  constructor(
    machine: Machine,
    private readonly core: IrqCore,
    vmbusAccounting: LineAccounting = percpuDemux,
  ) {
    const table = archTable(core.behaviour.hypervisorRowsInStat, vmbusAccounting);
    this.archRows = archSources(machine.nrCpuIds, table);
    this.vectors = new VectorMatrix(machine);
    const moves = core.behaviour.moveInProcessContext === 'chip' ? irqchipFlags.MOVE_DEFERRED : 0;
    this.chipFlags = irqchipFlags.SKIP_SET_WAKE | irqchipFlags.AFFINITY_PRE_STARTUP | moves;
    const ops = new VectorDomainOps(machine, this.vectors);
    this.devices = new DeviceInterrupts(core, (name, printed) => this.chipNamed(name, printed), true, {
      ops,
    });
    const row = this.archRows.find(({ label }) => label === 'HYP');
    const counts = row?.counts ?? new Uint32Array(machine.nrCpuIds);
    this.vmbusLine = new HypervisorCallback(machine, counts, vmbusAccounting);
    this.allocateIsaInterrupts();
  }

  sources(): readonly ArchSource[] {
    return this.archRows;
  }

  *addInterrupt(interrupt: DeviceInterrupt): Procedure<void> {
    yield* this.devices.request(interrupt);
  }

  private chipNamed(name: string, printed?: string): IrqChip {
    const key = printed === undefined ? name : `prints ${printed}`;
    let chip = this.chips.get(key);
    if (chip === undefined) {
      chip = new VectorChip(name, this.vectors, printed, this.chipFlags);
      this.chips.set(key, chip);
    }
    return chip;
  }

  /** IRQs 0 to 15 exist from the start. */
  private allocateIsaInterrupts(): void {
    for (let irq = 0; irq < NR_LEGACY_IRQS; irq++) {
      if (irq === CASCADE) {
        allocDescs(this.core, irq, 0, 1);
        irqSetChipAndHandler(this.core, irq, { ...dummyIrqChip, name: 'XT-PIC' }, handleLevelIrq, null);
      } else {
        const level = irq === ACPI_SCI;
        this.devices.map({
          irq,
          chip: 'IO-APIC',
          hwirq: irq === 0 ? TIMER_PIN : irq,
          flow: level ? 'fasteoi' : 'edge',
          trigger: level ? 'level' : 'edge',
        });
      }
    }
  }
}
