import { irqSetAffinityAndHintSteps, irqUpdateAffinityHintSteps } from '../../irq/affinity/affinity.js';
import type { CpuId } from '../../lib/brand.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Procedure } from '../../machine/step.js';
import type { PciFunction } from '../../platform/pci/pci-function.js';
import { freeQueue, type PciDriver, type PciMachine, requestQueue } from './driver.js';
import { Queue, queueInTurn } from './queue.js';

const HANDLER = 'mlx5_irq_int_handler';

/**
 * A function of a Mellanox adapter with its driver, as far as interrupts go
 * (drivers/net/ethernet/mellanox/mlx5/core/pci_irq.c): one for events of the device, and completion vectors, each asked to
 * go to a CPU of its own, those of the device's node first (cpumask_local_spread).
 */
export class Mlx5Device implements PciDriver {
  queues: readonly Queue[] = [];
  private readonly async: Queue;

  /** @param offered completion vectors that the function has. */
  constructor(
    private readonly machine: PciMachine,
    readonly pci: PciFunction,
    readonly name: string,
    private readonly offered: number,
  ) {
    this.async = new Queue(`mlx5_async0@pci:${pci.name}`, HANDLER);
  }

  /** mlx5_irq_table_create, comp_irqs_request_pci: no more completion vectors than CPUs. */
  *probe(): Procedure<number> {
    const { core, msi } = this.machine;
    const wanted = Math.min(core.machine.online.weight, this.offered);
    const count = yield* msi.allocIrqVectors(this.pci, 2, wanted + 1);
    if (count < 0) return count;
    const near = this.nearCpus();
    let ret = yield* requestQueue(this.machine, this.pci, this.async, 0);
    const queues: Queue[] = [];
    for (let i = 0; ret === 0 && i < count - 1; i++) {
      const queue = new Queue(`mlx5_comp${i}@pci:${this.pci.name}`, HANDLER);
      ret = yield* requestQueue(this.machine, this.pci, queue, i + 1);
      if (ret !== 0 || queue.irq === undefined) break;
      queues.push(queue);
      const only = CpuMask.of(core.machine.nrCpuIds, [near[i % near.length]]);
      yield* irqSetAffinityAndHintSteps(core, queue.irq, only);
    }
    this.queues = queues;
    if (ret !== 0) yield* this.remove();
    return ret;
  }

  *remove(): Procedure<void> {
    const { core, msi } = this.machine;
    for (const queue of [...this.queues, this.async]) {
      if (queue.irq !== undefined) yield* irqUpdateAffinityHintSteps(core, queue.irq, null);
      yield* freeQueue(this.machine, queue);
      queue.abort();
    }
    this.queues = [];
    yield* msi.freeIrqVectors(this.pci);
  }

  /** A connection's frames come to the vector that its hash leads to; here in turn. */
  queueOfFlow(_direction: 'rx' | 'tx', flow: number): Queue {
    return queueInTurn(this.name, this.queues, flow);
  }

  private nearCpus(): CpuId[] {
    const { online, topology } = this.machine.core.machine;
    const isFar = (cpu: CpuId): number => (topology.node[cpu] === this.pci.node ? 0 : 1);
    return [...online].sort((a, b) => isFar(a) - isFar(b) || a - b);
  }
}
