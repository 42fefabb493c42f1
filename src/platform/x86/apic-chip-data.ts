import type { CpuId, Irq } from '../../lib/brand.js';
import type { IrqData } from '../../irq/data/irqdata.js';

/** Which vector of which CPU an interrupt has (arch/x86/kernel/apic/vector.c struct apic_chip_data). */
export class ApicChipData {
  /** 0: none. */
  vector = 0;
  cpu: CpuId = 0;
  /** The one it had before, until no interrupt can come there any more; 0: none. */
  prevVector = 0;
  prevCpu: CpuId = 0;
  /** The device uses the new vector, and none of its interrupts has come there yet. */
  moveInProgress = false;
  /** The old vector waits for its CPU to clean it up. */
  cleanupPending = false;
  isManaged = false;
  /** The line may have a promise of a vector in place of one while nobody requests it. */
  canReserve = false;
  hasReserved = false;
  /** What the controllers are told: the vector above, or that for lines that are shut down. */
  configuredVector = 0;
  configuredCpu: CpuId = 0;

  constructor(readonly irq: Irq) {}
}

/** What a line's innermost level has; null: it does not end in x86's vectors. */
export function apicChipData(d: IrqData): ApicChipData | null {
  let data = d;
  while (data.parentData !== null) data = data.parentData;
  return data.chipData instanceof ApicChipData ? data.chipData : null;
}
