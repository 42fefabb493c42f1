import type { IrqAffinity } from '../../irq/affinity/create-masks.js';
import type { CpuId } from '../../lib/brand.js';
import { freeIrq } from '../../irq/management/free.js';
import { requestIrq } from '../../irq/management/request.js';
import type { Procedure } from '../../machine/step.js';
import type { PciDriver, PciMachine } from './driver.js';
import type { PciFunction } from '../../platform/pci/pci-msi.js';
import { Queue } from './queue.js';

/** A function with an MSI-X table and a driver that requests each vector: any device with queues. */
export class MsixDevice implements PciDriver {
  readonly queues: readonly Queue[];

  /**
   * @param names of its interrupts, one for each vector.
   * @param affinity the kernel spreads the vectors over CPUs; undefined: they go where others go.
   */
  constructor(
    private readonly machine: PciMachine,
    readonly pci: PciFunction,
    readonly name: string,
    names: readonly string[],
    private readonly affinity: IrqAffinity | undefined,
  ) {
    this.queues = names.map((queue) => new Queue(queue));
  }

  *probe(): Procedure<number> {
    const { core, msi } = this.machine;
    const count = this.queues.length;
    const found = yield* msi.allocIrqVectors(this.pci, count, count, this.affinity);
    if (found < 0) return found;
    for (const [i, queue] of this.queues.entries()) {
      const irq = msi.irqVector(this.pci, i);
      const ret = yield* requestIrq(core, irq, queue.handler, 0, queue.name, queue);
      if (ret !== 0) {
        yield* this.remove();
        return ret;
      }
      queue.irq = irq;
    }
    return 0;
  }

  *remove(): Procedure<void> {
    for (const queue of this.queues) {
      if (queue.irq === undefined) continue;
      yield* freeIrq(this.machine.core, queue.irq, queue);
      queue.irq = undefined;
      queue.abort();
    }
    yield* this.machine.msi.freeIrqVectors(this.pci);
  }

  /** Queues take CPUs in turn. */
  queueOf(cpu: CpuId): Queue | undefined {
    return this.queues[cpu % this.queues.length];
  }
}
