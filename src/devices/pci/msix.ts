import { handlerNameOf } from '../../irq/data/irqaction.js';
import type { IrqAffinity } from '../../irq/affinity/create-masks.js';
import type { CpuId } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import { freeQueue, type PciDriver, type PciMachine, requestQueue } from './driver.js';
import type { PciFunction } from '../../platform/pci/pci-function.js';
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
    this.queues = names.map((queue) => new Queue(queue, handlerNameOf(queue)));
  }

  *probe(): Procedure<number> {
    const count = this.queues.length;
    const found = yield* this.machine.msi.allocIrqVectors(this.pci, count, count, this.affinity);
    if (found < 0) return found;
    for (const [i, queue] of this.queues.entries()) {
      const ret = yield* requestQueue(this.machine, this.pci, queue, i);
      if (ret !== 0) {
        yield* this.remove();
        return ret;
      }
    }
    return 0;
  }

  *remove(): Procedure<void> {
    for (const queue of this.queues) {
      if (queue.irq === undefined) continue;
      yield* freeQueue(this.machine, queue);
      queue.abort();
    }
    yield* this.machine.msi.freeIrqVectors(this.pci);
  }

  /** Queues take CPUs in turn. */
  queueOf(cpu: CpuId): Queue | undefined {
    return this.queues[cpu % this.queues.length];
  }
}
