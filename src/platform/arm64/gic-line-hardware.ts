import type { Hwirq } from '../../lib/brand.js';
import type { EdgeFate, LineHardware } from '../line-hardware.js';
import type { MsiTable } from '../pci/msi-table.js';
import type { Gic } from './gic.js';

/** The device's side of a shared line of a GICv3, which keeps every edge until a CPU takes it. */
export class GicLineHardware implements LineHardware {
  constructor(
    private readonly gic: Gic,
    private readonly intid: Hwirq,
  ) {}

  get waiting(): number {
    return this.gic.isEdgeWaiting(this.intid) ? 1 : 0;
  }

  /** An edge while the line is set up for levels is too short to be seen. */
  edge(): EdgeFate {
    const { gic, intid } = this;
    if (!gic.isEdge(intid)) return 'lost';
    const fate = gic.isEdgeWaiting(intid) ? 'joined' : 'sent';
    gic.pulseShared(intid);
    return fate;
  }

  drive(isHigh: boolean): void {
    this.gic.driveShared(this.intid, isHigh);
  }
}

/** A message of a PCI device, which becomes an interrupt of the GIC: an LPI of an ITS, or an SPI that Hyper-V raises. */
export class GicMessageLine implements LineHardware {
  constructor(
    private readonly gic: Gic,
    private readonly intid: Hwirq,
    private readonly table: MsiTable,
    private readonly index: number,
  ) {}

  get waiting(): number {
    return (this.gic.isEdgeWaiting(this.intid) ? 1 : 0) + (this.table.isPending(this.index) ? 1 : 0);
  }

  edge(): EdgeFate {
    return this.table.raise(this.index);
  }

  drive(isHigh: boolean): void {
    if (isHigh) this.edge();
  }
}
