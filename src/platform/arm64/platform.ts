import type { Machine } from '../../machine/machine.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../../irq/core.js';
import { irqStatus } from '../../irq/data/settings.js';
import { DeviceInterrupts } from '../device-interrupt.js';
import { GicChip } from './gicv3.js';
import { type LineAccounting, percpuDemux } from '../line-accounting.js';
import {
  type ArchSource,
  archSources,
  type DeviceInterrupt,
  type PerCpuLine,
  type Platform,
} from '../platform.js';
import { GicDomain } from './gic-domain.js';
import type { IrqChip } from '../../irq/data/irqdata.js';
import { VMBUS_INTID, VMBUS_LINE_NAME, VmbusPpi } from './vmbus-ppi.js';
import { arm64CpuFiles } from './cpu-files.js';
import { arm64Rows } from './rows.js';

/** First interrupt id that is not private to a CPU. */
const FIRST_SPI = 32;
/** Initial number of IRQs: NR_IRQS of an architecture that says nothing else (include/asm-generic/irq.h). */
export const ARM64_NR_IRQS = 64;

/** An arm64 machine with a GICv3. */
export class Arm64Platform implements Platform {
  readonly arch = 'arm64';
  readonly cpuFiles = arm64CpuFiles;
  readonly vmbusLine: PerCpuLine;
  private readonly archRows: readonly ArchSource[];
  private readonly devices: DeviceInterrupts;
  private readonly gic: GicDomain;

  constructor(machine: Machine, core: IrqCore, vmbusAccounting: LineAccounting = percpuDemux) {
    machine.hotplug.announcesCpus = false;
    this.archRows = archSources(machine.nrCpuIds, arm64Rows(core.behaviour));
    const makeChip = (name: string, printed?: string): IrqChip => new GicChip(name, printed);
    // There is no GENERIC_PENDING_IRQ: affinities change at once.
    this.devices = new DeviceInterrupts(core, makeChip, false, { status: irqStatus.MOVE_PCNTXT });
    this.gic = new GicDomain(core);
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
