import type { Irq } from '../../lib/brand.js';
import { IRQ_HANDLED, IRQ_NONE, named } from '../../irq/data/irqaction.js';

/** What becomes of something that a queue was given to do: true if it was done, false if the device went away. */
export type Completed = (ok: boolean) => void;

/**
 * A queue of a device, with the interrupt by which the device says that something is done. Its handler takes all that is
 * done and answers IRQ_NONE if nothing is (drivers/nvme/host/pci.c nvme_irq, drivers/virtio/virtio_ring.c
 * vring_interrupt).
 */
export class Queue {
  /** Its interrupt; undefined: it has none now. */
  irq: Irq | undefined;
  /** Things that the driver has taken as done. */
  completed = 0;
  private readonly done: Completed[] = [];
  private readonly underWay = new Set<Completed>();

  /** @param handlerName of the driver's function. */
  constructor(
    readonly name: string,
    handlerName = 'vring_interrupt',
  ) {
    named(this.handler, handlerName);
  }

  /** Things that the device has been given and the driver has not taken back. */
  get outstanding(): number {
    return this.underWay.size + this.done.length;
  }

  /** The device gets something to do. */
  submit(completed: Completed): void {
    this.underWay.add(completed);
  }

  /** The device has done it. @returns false if it was taken away meanwhile. */
  finish(completed: Completed): boolean {
    if (!this.underWay.delete(completed)) return false;
    this.done.push(completed);
    return true;
  }

  /** The device is gone, with all that it had to do. */
  abort(): void {
    const lost = [...this.done.splice(0), ...this.underWay];
    this.underWay.clear();
    for (const completed of lost) completed(false);
  }

  /** The queue's part of an interrupt handler. */
  readonly handler = (): number => {
    if (this.done.length === 0) return IRQ_NONE;
    for (const completed of this.done.splice(0)) {
      this.completed += 1;
      completed(true);
    }
    return IRQ_HANDLED;
  };
}

/**
 * Flows, and so their frames, go to queues in turn.
 *
 * @param device its name, for the error.
 * @throws RangeError if there are no queues.
 */
export function queueInTurn(device: string, queues: readonly Queue[], flow: number): Queue {
  const queue = queues[flow % queues.length];
  if (queue === undefined) throw new RangeError(`${device} has no queues`);
  return queue;
}
