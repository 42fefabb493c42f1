import type { CpuId } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { IRQF_SHARED } from '../../irq/data/irqaction.js';
import { requestThreadedIrq } from '../../irq/management/request.js';
import type { ClassDevice } from '../../machine/class-device.js';
import type { Procedure } from '../../machine/step.js';
import { descOf, freeQueue, type PciDriver, type PciMachine } from './driver.js';
import type { PciFunction } from '../../platform/pci/pci-function.js';
import { Queue } from './queue.js';

/** An NVMe controller and its driver, as far as interrupts go (drivers/nvme/host/pci.c). */
export class NvmeDevice implements PciDriver {
  readonly name: string;
  queues: readonly Queue[] = [];
  private readonly admin: Queue;
  private readonly queueOfCpu = new Map<CpuId, Queue>();

  /**
   * @param instance number of the controller in Linux.
   * @param offered I/O queues that the controller has.
   */
  constructor(
    private readonly machine: PciMachine,
    readonly pci: PciFunction,
    instance: number,
    private readonly offered: number,
  ) {
    this.name = `nvme${instance}`;
    this.admin = new Queue(`${this.name}q0`, 'nvme_irq');
  }

  get classDevices(): readonly ClassDevice[] {
    return [{ className: 'nvme', name: this.name }];
  }

  /** nvme_probe: with one vector at first, for the admin queue, that asks what there is (nvme_pci_enable). */
  *probe(): Procedure<number> {
    const { msi } = this.machine;
    const ret = yield* msi.allocIrqVectors(this.pci, 1, 1);
    if (ret < 0) return ret;
    const requested = yield* this.request(this.admin, 0);
    if (requested === 0) return yield* this.setUpIoQueues();
    yield* msi.freeIrqVectors(this.pci);
    return requested;
  }

  *remove(): Procedure<void> {
    // nvme_suspend_io_queues goes from the last to the first, the admin queue comes after them.
    for (const queue of [...this.queues].reverse()) yield* freeQueue(this.machine, queue);
    yield* freeQueue(this.machine, this.admin);
    yield* this.machine.msi.freeIrqVectors(this.pci);
    for (const queue of this.queues) queue.abort();
    this.queues = [];
    this.queueOfCpu.clear();
  }

  queueOf(cpu: CpuId): Queue | undefined {
    return this.queueOfCpu.get(cpu) ?? this.queues[0];
  }

  /**
   * nvme_setup_io_queues, nvme_setup_irqs: the vectors once more, one for the admin queue and one for each I/O queue, of
   * which there are no more than possible CPUs (nvme_max_io_queues).
   */
  private *setUpIoQueues(): Procedure<number> {
    const { core, msi } = this.machine;
    yield* freeQueue(this.machine, this.admin);
    yield* msi.freeIrqVectors(this.pci);
    const wanted = Math.min(core.machine.possible.weight, this.offered);
    const vectors = yield* msi.allocIrqVectors(this.pci, 1, wanted + 1, { preVectors: 1, postVectors: 0 });
    if (vectors <= 0) return errnoValue('EIO');
    let ret = yield* this.request(this.admin, 0);
    const queues: Queue[] = [];
    for (let qid = 1; ret === 0 && qid <= Math.max(vectors - 1, 1); qid++) {
      const queue = new Queue(`${this.name}q${qid}`, 'nvme_irq');
      ret = yield* this.request(queue, vectors === 1 ? 0 : qid);
      if (ret === 0) queues.push(queue);
    }
    this.queues = queues;
    if (ret === 0) this.mapQueues(vectors);
    else yield* this.remove();
    return ret;
  }

  /** A CPU's requests go to the queue whose interrupt has it in its mask (block/blk-mq-pci.c blk_mq_pci_map_queues). */
  private mapQueues(vectors: number): void {
    const { core, msi } = this.machine;
    if (vectors === 1) return;
    this.queues.forEach((queue, i) => {
      const { affinity } = descOf(core, msi.irqVector(this.pci, i + 1)).data;
      for (const cpu of affinity) this.queueOfCpu.set(cpu, queue);
    });
  }

  /** queue_request_irq, pci_request_irq. */
  private *request(queue: Queue, vector: number): Procedure<number> {
    const { core, msi } = this.machine;
    const irq = msi.irqVector(this.pci, vector);
    const ret = yield* requestThreadedIrq(core, irq, queue.handler, null, IRQF_SHARED, queue.name, queue);
    if (ret === 0) queue.irq = irq;
    return ret;
  }
}
