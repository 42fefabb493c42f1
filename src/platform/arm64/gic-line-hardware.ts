import type { Hwirq } from '../../lib/brand.js';
import type { EdgeFate, LineHardware } from '../line-hardware.js';
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
