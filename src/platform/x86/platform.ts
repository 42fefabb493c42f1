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
  type ArchSource,
  archSources,
  type CpuFiles,
  type CpuVendor,
  type DeviceInterrupt,
  type Platform,
} from '../platform.js';
import { x86CpuFiles } from './cpu-files.js';
import { HypervisorCallback } from './hypervisor-callback.js';
import { x86Rows } from './rows.js';
import { VectorMatrix } from './vectors.js';
import { VectorChip, VectorDomainOps } from './chips.js';

/** Pins of the one IO-APIC, and so the first dynamically allocated IRQ number. */
export const GSI_TOP = 24;
const NR_LEGACY_IRQS = 16;
const NR_VECTORS = 256;
/** The ISA interrupts that are level triggered: ACPI's. */
const ACPI_SCI = 9;
/** The ISA interrupt that cascades the second PIC and goes nowhere. */
const CASCADE = 2;
const TIMER_PIN = 2;

/** Initial number of IRQs on x86 with one IO-APIC (arch/x86/kernel/apic/vector.c arch_probe_nr_irqs). */
export function archProbeNrIrqs(nrCpuIds: number): number {
  const wanted = GSI_TOP + NR_LEGACY_IRQS + 8 * nrCpuIds + GSI_TOP * 16;
  return Math.min(wanted, NR_VECTORS * nrCpuIds);
}

/** What it sets that number to first: a vector for each on every CPU. */
export function mostNrIrqs(nrCpuIds: number): number {
  return NR_VECTORS * nrCpuIds;
}

/** An x86-64 machine: local APICs, one IO-APIC, ISA interrupts, message signalled interrupts. */
export class X86Platform implements Platform {
  readonly arch = 'x86';
  readonly cpuFiles: CpuFiles;
  readonly vmbusLine: HypervisorCallback;
  readonly vectors: VectorMatrix;
  private readonly archRows: readonly ArchSource[];
  private readonly devices: DeviceInterrupts;

  constructor(
    machine: Machine,
    private readonly core: IrqCore,
    vmbusAccounting: LineAccounting = percpuDemux,
    vendor: CpuVendor = 'Intel',
  ) {
    this.cpuFiles = x86CpuFiles(vendor);
    const table = x86Rows({
      behaviour: core.behaviour,
      vmbus: vmbusAccounting,
      vendor,
      isOnHyperV: () => this.vmbusLine.isSetUp,
    });
    this.archRows = archSources(machine.nrCpuIds, table);
    this.vectors = new VectorMatrix(machine);
    const moves = core.behaviour.moveInProcessContext === 'chip' ? irqchipFlags.MOVE_DEFERRED : 0;
    const chipFlags = irqchipFlags.SKIP_SET_WAKE | irqchipFlags.AFFINITY_PRE_STARTUP | moves;
    const ops = new VectorDomainOps(machine, this.vectors);
    const makeChip = (name: string, printed?: string): IrqChip =>
      new VectorChip(name, this.vectors, printed, chipFlags);
    this.devices = new DeviceInterrupts(core, makeChip, true, { ops });
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
