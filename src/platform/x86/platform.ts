import type { ClockEvent } from '../../machine/clock.js';
import { type Cpu, IRQ_WORK_VECTOR } from '../../machine/cpu.js';
import type { Machine } from '../../machine/machine.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../../irq/core.js';
import { dummyIrqChip } from '../../irq/data/dummychip.js';
import type { MsiMsg } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { irqStatus } from '../../irq/data/settings.js';
import { handleLevelIrq } from '../../irq/line/flow.js';
import { irqSetChipAndHandler, irqSetStatusFlags } from '../../irq/management/chip.js';
import { allocDescs } from '../../irq/mapping/alloc-descs.js';
import type { EdgeFate, LineHardware } from '../line-hardware.js';
import { type LineAccounting, percpuDemux } from '../line-accounting.js';
import type { MsiReceiver } from '../pci/msi-table.js';
import type { PciMsi } from '../pci/pci-msi.js';
import { PciVectors } from '../pci/pci-vectors.js';
import {
  type ArchSource,
  archSources,
  type CpuFiles,
  type DeviceInterrupt,
  type Platform,
  type PlatformSetup,
} from '../platform.js';
import { x86CpuFiles } from './cpu-files.js';
import { HypervisorCallback } from './hypervisor-callback.js';
import { x86HypervPci } from './hyperv-pci.js';
import { Ioapic } from './ioapic.js';
import { IOAPIC_REQUESTER } from './ioapic-pin.js';
import { IoapicPins } from './ioapic-pins.js';
import { x86LineHardware } from './line-hardware.js';
import { X86Lines } from './lines.js';
import { decodeMsiMsg } from './msi-msg.js';
import { PciMsiDomains } from './pci-msi-domains.js';
import { createRemapping } from './remapping/remapping.js';
import type { InterruptRemapping } from './remapping/unit.js';
import { x86Rows } from './rows.js';
import { irqWorkEntry, irqWorkExit } from './trace-events.js';
import { NR_IRQS_LEGACY, PIC_CASCADE_IR } from './vector-domain.js';
import { NR_VECTORS } from './vector-numbers.js';
import { VectorSystem } from './vector-system.js';

/** Pins of the one IO-APIC, and so the first dynamically allocated IRQ number. */
export const GSI_TOP = 24;
/** The ISA interrupt that is level triggered: ACPI's. */
const ACPI_SCI = 9;
/** Where a machine with a PIC has its timer's interrupt. */
const TIMER_PIN = 2;

/** Initial number of IRQs on x86 with one IO-APIC (arch/x86/kernel/apic/vector.c arch_probe_nr_irqs). */
export function archProbeNrIrqs(nrCpuIds: number): number {
  const wanted = GSI_TOP + NR_IRQS_LEGACY + 8 * nrCpuIds + GSI_TOP * 16;
  return Math.min(wanted, NR_VECTORS * nrCpuIds);
}

/** What it sets that number to first: a vector for each on every CPU. */
export function mostNrIrqs(nrCpuIds: number): number {
  return NR_VECTORS * nrCpuIds;
}

/** An x86-64 machine: local APICs, one IO-APIC, PCI messages, with or without a PIC and interrupt remapping. */
export class X86Platform implements Platform, MsiReceiver {
  readonly arch = 'x86';
  readonly cpuFiles: CpuFiles;
  readonly vmbusLine: HypervisorCallback;
  readonly vectorSystem: VectorSystem;
  readonly ioapic: Ioapic;
  /** The IO-APIC's pins, for devices that move their lines. */
  readonly pins: IoapicPins;
  readonly pciMsi: PciMsi;
  private readonly archRows: readonly ArchSource[];
  private readonly lines: X86Lines;
  private readonly remapping: InterruptRemapping | undefined;

  constructor(
    machine: Machine,
    private readonly core: IrqCore,
    vmbusAccounting: LineAccounting = percpuDemux,
    { pic = false, interruptRemapping = 'none', hyperv = true, vendor = 'Intel' }: PlatformSetup = {},
  ) {
    this.cpuFiles = x86CpuFiles(vendor);
    const table = x86Rows({
      behaviour: core.behaviour,
      vmbus: vmbusAccounting,
      vendor,
      isOnHyperV: () => this.vmbusLine.isSetUp,
    });
    this.archRows = archSources(machine.nrCpuIds, table);
    machine.highestVectorFirst = true;
    machine.setVectorHandler(IRQ_WORK_VECTOR, { handleInterrupt: sysvecIrqWork(machine) });
    if (pic) this.allocateLegacyDescs();
    const system = new VectorSystem(core, pic);
    this.vectorSystem = system;
    const { apics, vectors, domain } = system;
    this.remapping = createRemapping(core, interruptRemapping, { parent: domain, vectors, apics });
    this.pins = new IoapicPins(GSI_TOP, this.receiverFor(IOAPIC_REQUESTER));
    this.ioapic = new Ioapic(core, {
      parent: this.remapping?.domain ?? domain,
      remapped: this.remapping !== undefined,
      pins: GSI_TOP,
      hardware: this.pins,
      vectors,
      apics,
    });
    const receiverFor = (requester: number): MsiReceiver => this.receiverFor(requester);
    const remapping = this.remapping?.takesPciMessages ? this.remapping.domain : undefined;
    const pci = new PciMsiDomains(core, { vectors: domain, remapping, apics, receiverFor });
    this.pciMsi = new PciVectors(core, { pci, ...(hyperv && { hyperv: x86HypervPci(core, domain, this) }) });
    this.lines = new X86Lines(core, {
      ioapic: this.ioapic,
      pci,
      receiver: (remapped) => (remapped ? this.receiverFor(0) : this),
    });
    const row = this.archRows.find(({ label }) => label === 'HYP');
    const counts = row?.counts ?? new Uint32Array(machine.nrCpuIds);
    this.vmbusLine = new HypervisorCallback(machine, counts, vmbusAccounting);
    this.mapIsaInterrupts(pic);
  }

  sources(): readonly ArchSource[] {
    return this.archRows;
  }

  *addInterrupt(interrupt: DeviceInterrupt): Procedure<void> {
    yield* this.lines.request(interrupt);
  }

  lineHardware({ data }: IrqDesc): LineHardware | undefined {
    return x86LineHardware(data, this.pins, this.vectorSystem.apics);
  }

  soon(event: ClockEvent): void {
    this.core.machine.soon(event);
  }

  /** A message has arrived at the local APICs. */
  deliver(msg: MsiMsg): EdgeFate {
    const target = decodeMsiMsg(msg);
    if (target === undefined) return 'lost';
    return this.vectorSystem.apics.deliver(target.cpu, target.vector);
  }

  /** Takes what a device sends, or the IO-APIC. */
  private receiverFor(requester: number): MsiReceiver {
    return {
      deliver: (msg) => {
        const { remapping } = this;
        const remapped = remapping === undefined ? msg : remapping.remap(msg, requester);
        return remapped === undefined ? 'lost' : this.deliver(remapped);
      },
      soon: (event) => this.soon(event),
    };
  }

  /** With a PIC its interrupts have descriptors before anything else, on the first node (early_irq_init). */
  private allocateLegacyDescs(): void {
    const { core } = this;
    const chip = { ...dummyIrqChip, name: 'XT-PIC' };
    for (let irq = 0; irq < NR_IRQS_LEGACY; irq++) {
      allocDescs(core, irq, 0, 1, null, 0);
      irqSetChipAndHandler(core, irq, chip, handleLevelIrq, null);
      irqSetStatusFlags(core, irq, irqStatus.LEVEL);
    }
  }

  /** The IO-APIC takes over the ISA interrupts, but for the cascade of a PIC (setup_IO_APIC_irqs). */
  private mapIsaInterrupts(pic: boolean): void {
    for (let irq = 0; irq < NR_IRQS_LEGACY; irq++) {
      if (pic && irq === PIC_CASCADE_IR) continue;
      const pin = pic && irq === 0 ? TIMER_PIN : irq;
      this.ioapic.mapPinNow({ pin, irq, level: irq === ACPI_SCI, legacy: pic });
    }
  }
}

/** arch/x86/kernel/irq_work.c sysvec_irq_work. */
function sysvecIrqWork(machine: Machine): (cpu: Cpu) => void {
  const values = { vector: IRQ_WORK_VECTOR };
  return (cpu) => {
    const { tracePort } = machine;
    if (tracePort !== undefined) tracePort.emit(irqWorkEntry, values);
    cpu.runIrqWorks();
    if (tracePort !== undefined) tracePort.emit(irqWorkExit, values);
  };
}
