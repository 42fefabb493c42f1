import type { Machine } from '../../machine/machine.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../../irq/core.js';
import { DeviceInterrupts } from '../device-interrupt.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import type { LineHardware } from '../line-hardware.js';
import { GicLineHardware, GicMessageLine } from './gic-line-hardware.js';
import { arm64PciBuses } from './pci-buses.js';
import { GicChip, NamedChip } from './gicv3.js';
import { type LineAccounting, percpuDemux } from '../line-accounting.js';
import {
  type ArchSource,
  archSources,
  type DeviceInterrupt,
  type PerCpuLine,
  type Platform,
  type PlatformSetup,
} from '../platform.js';
import { GicDomain } from './gic-domain.js';
import type { IrqChip, IrqData } from '../../irq/data/irqdata.js';
import { MsiDesc } from '../../irq/msi/msi-desc.js';
import type { Hwirq } from '../../lib/brand.js';
import { MsiTable } from '../pci/msi-table.js';
import type { PciMsi } from '../pci/pci-msi.js';
import { PciVectors } from '../pci/pci-vectors.js';
import { GicLines } from './gic-lines.js';
import { isInRedistributor, SPI_BASE_INTID } from './intid.js';
import { Ipis } from './ipis.js';
import { PercpuLines } from './percpu-lines.js';
import { VMBUS_INTID, VMBUS_LINE_NAME, VmbusPpi } from './vmbus-ppi.js';
import { arm64CpuFiles } from './cpu-files.js';
import { arm64Rows } from './rows.js';
import { arm64HotplugWords } from './hotplug-words.js';

/** Initial number of IRQs: NR_IRQS of an architecture that says nothing else (include/asm-generic/irq.h). */
export const ARM64_NR_IRQS = 64;

/** An arm64 machine with a GICv3. */
export class Arm64Platform implements Platform {
  readonly arch = 'arm64';
  readonly cpuFiles = arm64CpuFiles;
  readonly vmbusLine: PerCpuLine;
  readonly ipis: Ipis;
  readonly gic: GicDomain;
  readonly pciMsi: PciMsi;
  private readonly archRows: readonly ArchSource[];
  private readonly lines: GicLines;
  private readonly others: DeviceInterrupts;

  constructor(
    machine: Machine,
    core: IrqCore,
    vmbusAccounting: LineAccounting = percpuDemux,
    setup: PlatformSetup = {},
  ) {
    machine.hotplug.words = arm64HotplugWords;
    machine.hotplug.splitsBringUp = false;
    machine.cpuPlug.unsupported = 'on arm64 Linux has all CPUs that there can be present from boot on';
    this.gic = new GicDomain(machine, core);
    const percpuLines = new PercpuLines(machine, core, this.gic.gic);
    this.ipis = new Ipis(core, this.gic, percpuLines);
    this.archRows = rowsOf(machine, core, this.ipis);
    this.lines = new GicLines(core, this.gic, percpuLines);
    const makeChip = (name: string, printed?: string): IrqChip => new NamedChip(name, printed);
    this.others = new DeviceInterrupts(core, makeChip, false);
    this.vmbusLine = new VmbusPpi(machine, core, this.gic, vmbusAccounting);
    this.pciMsi = new PciVectors(core, arm64PciBuses(machine, core, this.gic, setup));
  }

  sources(): readonly ArchSource[] {
    return this.archRows;
  }

  *addInterrupt(interrupt: DeviceInterrupt): Procedure<void> {
    const { irq, chip, chipPrinted = false, hwirq, name } = interrupt;
    this.ipis.makeRoom(irq);
    if (hwirq === VMBUS_INTID && name === VMBUS_LINE_NAME) {
      // VMBus requests it when it connects; only the number is given here.
      VmbusPpi.mapLine(this.gic, irq);
      return;
    }
    if (chip === 'GICv3' && !chipPrinted && hwirq !== null) {
      yield* this.lines.request(interrupt, hwirq);
      return;
    }
    yield* this.others.request({ ...interrupt, flow: this.isPerCpuLine(interrupt) ? 'percpu' : 'fasteoi' });
  }

  /** Those of the redistributor. */
  isPerCpuLine({ chip, hwirq }: DeviceInterrupt): boolean {
    if (hwirq === null || !chip.startsWith('GIC')) return false;
    return chip === 'GICv3' ? isInRedistributor(hwirq) : hwirq < SPI_BASE_INTID;
  }

  /** Of shared lines and messages: a CPU's own lines have no device that is modelled. */
  lineHardware(desc: IrqDesc): LineHardware | undefined {
    const { chip, chipData, hwirq } = desc.data;
    if (chipData instanceof MsiDesc && chipData.hardware instanceof MsiTable) {
      return new GicMessageLine(this.gic.gic, intidOf(desc.data), chipData.hardware, chipData.index);
    }
    if (!(chip instanceof GicChip) || isInRedistributor(hwirq)) return undefined;
    return new GicLineHardware(this.gic.gic, hwirq);
  }
}

/** The number that the line has at the GIC, which is its innermost level. */
function intidOf(d: IrqData): Hwirq {
  let data = d;
  while (data.parentData !== null) data = data.parentData;
  return data.hwirq;
}

/** Rows of IPIs show the counts of their lines, which /proc/stat has already. */
function rowsOf(machine: Machine, core: IrqCore, ipis: Ipis): ArchSource[] {
  return archSources(machine.nrCpuIds, arm64Rows(core.behaviour)).map((row, ipi): ArchSource => {
    if (row.single) return row;
    return {
      ...row,
      inStat: false,
      get counts() {
        return ipis.counts(ipi);
      },
      line: () => ipis.line(ipi),
    };
  });
}
