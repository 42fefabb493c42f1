import type { CpuId } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import { descOf, type PciDriver, type PciMachine } from './driver.js';
import type { PciFunction } from '../../platform/pci/pci-function.js';
import { Queue } from './queue.js';
import { VirtioPci } from './virtio-pci.js';

/** A virtio disk and its driver, as far as interrupts go (drivers/block/virtio_blk.c). */
export class VirtioBlkDevice implements PciDriver {
  readonly name: string;
  readonly queues: readonly Queue[];
  private readonly transport: VirtioPci;
  private readonly queueOfCpu = new Map<CpuId, Queue>();

  /** @param offered request queues that the device has, of which there are no more used than possible CPUs (init_vq). */
  constructor(
    private readonly machine: PciMachine,
    readonly pci: PciFunction,
    index: number,
    offered: number,
  ) {
    this.name = `virtio${index}`;
    const count = Math.min(machine.core.machine.nrCpuIds, offered);
    this.queues = Array.from({ length: count }, (_, i) => new Queue(`req.${i}`));
    this.transport = new VirtioPci(machine, pci, this.name);
  }

  *probe(): Procedure<number> {
    const ret = yield* this.transport.findVqs(this.queues, { preVectors: 0, postVectors: 0 });
    if (ret === 0 && this.transport.hasVectorPerQueue) this.mapQueues();
    return ret;
  }

  *remove(): Procedure<void> {
    yield* this.transport.delVqs();
    for (const queue of this.queues) queue.abort();
  }

  queueOf(cpu: CpuId): Queue | undefined {
    return this.queueOfCpu.get(cpu) ?? this.queues[0];
  }

  /** block/blk-mq-virtio.c blk_mq_virtio_map_queues. */
  private mapQueues(): void {
    const { core } = this.machine;
    for (const queue of this.queues) {
      if (queue.irq === undefined) continue;
      for (const cpu of descOf(core, queue.irq).data.affinity) this.queueOfCpu.set(cpu, queue);
    }
  }
}
