import { takeInterrupt } from '../device-interrupt.js';
import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoCode } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../../irq/core.js';
import { IRQF_SHARED, irqType } from '../../irq/data/irqaction.js';
import { irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { irqStatus } from '../../irq/data/settings.js';
import { irqSetStatusFlags } from '../../irq/management/chip.js';
import { requestPercpuIrq } from '../../irq/management/percpu.js';
import { requestIrq } from '../../irq/management/request.js';
import type { DeviceInterrupt } from '../platform.js';
import type { GicDomain } from './gic-domain.js';
import { isInRedistributor } from './intid.js';
import type { PercpuLines } from './percpu-lines.js';

/** The devices' lines at the GICv3. */
export class GicLines {
  constructor(
    private readonly core: IrqCore,
    private readonly gic: GicDomain,
    private readonly percpuLines: PercpuLines,
  ) {}

  /**
   * Maps a device's interrupt and requests it for handlers that do nothing but take it, one for each name: a shared one
   * as any, a CPU's own as what each CPU enables for itself when it starts, such as the timer.
   *
   * @throws RangeError if its number is taken, or it cannot be requested.
   */
  *request(interrupt: DeviceInterrupt, intid: Hwirq): Procedure<void> {
    const { irq, trigger, name, affinity, managed } = interrupt;
    const desc = this.gic.map(intid, trigger === 'level' ? irqType.LEVEL_HIGH : irqType.EDGE_RISING, irq);
    if (affinity !== undefined) {
      desc.data.affinity.copyFrom(affinity);
      desc.data.set(irqd.AFFINITY_SET);
    }
    if (managed) desc.data.set(irqd.AFFINITY_MANAGED | irqd.MANAGED_SHUTDOWN | irqd.AFFINITY_SET);
    const names = name?.split(', ') ?? [];
    if (names.length === 0) this.markLevel(desc, trigger);
    else if (isInRedistributor(intid)) yield* this.requestPrivate(irq, names);
    else yield* this.requestShared(irq, names);
  }

  /** A line that shows its level and that nobody has requested was requested once. */
  private markLevel({ irq }: IrqDesc, trigger: DeviceInterrupt['trigger']): void {
    if (trigger === 'level') irqSetStatusFlags(this.core, irq, irqStatus.LEVEL);
  }

  private *requestPrivate(irq: Irq, names: readonly string[]): Procedure<void> {
    const name = names.join(', ');
    const ret = yield* requestPercpuIrq(this.core, irq, takeInterrupt(name), name, { name });
    checkRequested(irq, name, ret);
    this.percpuLines.add(irq);
  }

  private *requestShared(irq: Irq, names: readonly string[]): Procedure<void> {
    const flags = names.length > 1 ? IRQF_SHARED : 0;
    for (const name of names) {
      const ret = yield* requestIrq(this.core, irq, takeInterrupt(name), flags, name, { name });
      checkRequested(irq, name, ret);
    }
  }
}

function checkRequested(irq: Irq, name: string, ret: number): void {
  if (ret !== 0) throw new RangeError(`IRQ ${irq} (${name}) cannot be requested: ${errnoCode(ret)}`);
}
