import type { IrqAffinity } from '../../irq/affinity/create-masks.js';
import type { Irq } from '../../lib/brand.js';
import { IRQ_HANDLED, IRQ_NONE, named } from '../../irq/data/irqaction.js';
import { irqUpdateAffinityHintSteps } from '../../irq/affinity/affinity.js';
import { freeIrq } from '../../irq/management/free.js';
import { requestIrq } from '../../irq/management/request.js';
import type { Procedure } from '../../machine/step.js';
import type { PciMachine } from './driver.js';
import type { PciFunction } from '../../platform/pci/pci-function.js';
import type { Queue } from './queue.js';

/** The interrupts of a virtio device behind PCI (drivers/virtio/virtio_pci_common.c). */
export class VirtioPci {
  /** One vector for each virtqueue, else one for all. */
  hasVectorPerQueue = false;
  private queues: readonly Queue[] = [];
  /** Vectors requested for the device as a whole: config, and that of all virtqueues. */
  private shared: Irq[] = [];

  /** @param name of the virtio device: `virtio0`. */
  constructor(
    private readonly machine: PciMachine,
    readonly pci: PciFunction,
    readonly name: string,
  ) {}

  /**
   * Gets interrupts for virtqueues with callbacks: one each and one for changes of the configuration; if there are not so
   * many, one for all (vp_find_vqs). 0 or a negative errno.
   *
   * @param affinity the kernel is to spread the virtqueues over CPUs.
   */
  *findVqs(queues: readonly Queue[], affinity: IrqAffinity | undefined): Procedure<number> {
    this.queues = queues;
    const ret = yield* this.findEach(affinity);
    return ret === 0 ? 0 : yield* this.findShared();
  }

  /** Gives all interrupts back (vp_del_vqs). */
  *delVqs(): Procedure<void> {
    const { core, msi } = this.machine;
    for (const queue of this.queues) {
      const { irq } = queue;
      if (this.hasVectorPerQueue && irq !== undefined) {
        yield* irqUpdateAffinityHintSteps(core, irq, null);
        yield* freeIrq(core, irq, queue);
      }
      queue.irq = undefined;
    }
    this.hasVectorPerQueue = false;
    for (const irq of this.shared) yield* freeIrq(core, irq, this);
    this.shared = [];
    yield* msi.freeIrqVectors(this.pci);
  }

  private *findEach(affinity: IrqAffinity | undefined): Procedure<number> {
    const { core, msi } = this.machine;
    const spread = affinity && { ...affinity, preVectors: affinity.preVectors + 1 };
    let ret = yield* this.requestConfig(this.queues.length + 1, spread);
    if (ret !== 0) return ret;
    this.hasVectorPerQueue = true;
    for (const [i, queue] of this.queues.entries()) {
      const irq = msi.irqVector(this.pci, i + 1);
      ret = yield* requestIrq(core, irq, queue.handler, 0, `${this.name}-${queue.name}`, queue);
      if (ret !== 0) break;
      queue.irq = irq;
    }
    if (ret !== 0) yield* this.delVqs();
    return ret;
  }

  private *findShared(): Procedure<number> {
    const { core, msi } = this.machine;
    let ret = yield* this.requestConfig(2, undefined);
    if (ret !== 0) return ret;
    const irq = msi.irqVector(this.pci, 1);
    ret = yield* requestIrq(core, irq, this.vringInterrupt, 0, `${this.name}-virtqueues`, this);
    if (ret !== 0) {
      yield* this.delVqs();
      return ret;
    }
    this.shared.push(irq);
    for (const queue of this.queues) queue.irq = irq;
    return 0;
  }

  /** vp_request_msix_vectors. */
  private *requestConfig(vectors: number, affinity: IrqAffinity | undefined): Procedure<number> {
    const { core, msi } = this.machine;
    const found = yield* msi.allocIrqVectors(this.pci, vectors, vectors, affinity);
    if (found < 0) return found;
    const irq = msi.irqVector(this.pci, 0);
    const ret = yield* requestIrq(core, irq, configChanged, 0, `${this.name}-config`, this);
    if (ret === 0) this.shared.push(irq);
    else yield* msi.freeIrqVectors(this.pci);
    return ret;
  }

  /** vp_vring_interrupt: each virtqueue may be meant. */
  private readonly vringInterrupt = named(
    (): number =>
      this.queues.reduce((ret, queue) => (queue.handler() === IRQ_HANDLED ? IRQ_HANDLED : ret), IRQ_NONE),
    'vp_vring_interrupt',
  );
}

const configChanged = named(() => IRQ_HANDLED, 'vp_config_changed');
