import type { CpuId } from '../../lib/brand.js';
import type { IrqData } from '../../irq/data/irqdata.js';
import { MsiDesc } from '../../irq/msi/msi-desc.js';
import type { EdgeFate, LineHardware } from '../line-hardware.js';
import { MsiTable } from '../pci/msi-table.js';
import { apicChipData } from './apic-chip-data.js';
import { IoapicPin } from './ioapic-pin.js';
import type { IoapicPins } from './ioapic-pins.js';
import type { LocalApics } from './local-apic.js';

/** The device's side of a line; undefined: its controller is known by name only. */
export function x86LineHardware(d: IrqData, pins: IoapicPins, apics: LocalApics): LineHardware | undefined {
  const { chipData } = d;
  if (chipData instanceof IoapicPin) return new PinLine(d, chipData, pins, apics);
  if (chipData instanceof MsiDesc && chipData.hardware instanceof MsiTable) {
    return new MessageLine(d, chipData.hardware, chipData.index, apics);
  }
  return undefined;
}

/** Interrupts that the line's CPUs have been sent and have not taken: where it is, and where it was. */
function inFlight(d: IrqData, apics: LocalApics): number {
  const line = apicChipData(d);
  if (line === null) return 0;
  let count = 0;
  if (line.vector !== 0 && apics.isPending(line.cpu, line.vector)) count += 1;
  if (line.prevVector !== 0 && apics.isPending(line.prevCpu, line.prevVector)) count += 1;
  return count;
}

/** A pin of the IO-APIC. */
class PinLine implements LineHardware {
  constructor(
    private readonly d: IrqData,
    private readonly pin: IoapicPin,
    private readonly pins: IoapicPins,
    private readonly apics: LocalApics,
  ) {}

  get waiting(): number {
    return inFlight(this.d, this.apics);
  }

  edge(_cpu?: CpuId): EdgeFate {
    return this.pins.edge(this.pin.pin);
  }

  drive(isHigh: boolean): void {
    this.pins.drive(this.pin.pin, isHigh);
  }
}

/** A message of a device, which has no level. */
class MessageLine implements LineHardware {
  constructor(
    private readonly d: IrqData,
    private readonly table: MsiTable,
    private readonly index: number,
    private readonly apics: LocalApics,
  ) {}

  get waiting(): number {
    return inFlight(this.d, this.apics) + (this.table.isPending(this.index) ? 1 : 0);
  }

  edge(_cpu?: CpuId): EdgeFate {
    return this.table.raise(this.index);
  }

  drive(isHigh: boolean): void {
    if (isHigh) this.edge();
  }
}
