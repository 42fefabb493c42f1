import type { Lock } from '../machine/lock.js';
import { RcuList, type RcuNode, type Srcu } from '../machine/rcu.js';
import type { Procedure } from '../machine/step.js';

/** Is told when the guest has ended an interrupt of its line (struct kvm_irq_ack_notifier). */
export interface IrqAckNotifier {
  readonly gsi: number;
  irqAcked(): Procedure<void>;
}

/**
 * The ack notifiers of a virtual machine (virt/kvm/eventfd.c). Which EOIs make a vCPU exit is not modelled: all do.
 *
 * Access rules: the list is changed under kvm->irq_lock and read in read-side sections of kvm->irq_srcu.
 */
export class IrqAckNotifiers {
  private readonly list = new RcuList<IrqAckNotifier>('irq_ack_notifier_list');

  constructor(
    private readonly irqLock: Lock,
    private readonly irqSrcu: Srcu,
  ) {}

  /** Number of notifiers for `gsi`. */
  countOf(gsi: number): number {
    let count = 0;
    for (let node = this.list.first; node !== undefined; node = node.next) {
      if (node.item.gsi === gsi) count += 1;
    }
    return count;
  }

  /** Has a notifier told of each end of its line's interrupts from now on (kvm_register_irq_ack_notifier). */
  *register(node: RcuNode<IrqAckNotifier>): Procedure<void> {
    yield* this.irqLock.lock();
    yield* this.registerLocked(node);
    yield* this.irqLock.unlock();
  }

  /** The same for a caller that holds irq_lock. */
  *registerLocked(node: RcuNode<IrqAckNotifier>): Procedure<void> {
    yield this.list.update;
    this.list.addHead(node);
  }

  /** Takes a notifier away; it does not run any more when this returns (kvm_unregister_irq_ack_notifier). */
  *unregister(node: RcuNode<IrqAckNotifier>): Procedure<void> {
    yield* this.irqLock.lock();
    yield* this.unregisterLocked(node);
    yield* this.irqLock.unlock();
    yield* this.irqSrcu.synchronize();
  }

  /**
   * Takes a notifier away for a caller that holds irq_lock; it may still run until the grace period that the caller waits
   * for (__kvm_unregister_irq_ack_notifier, as the thread of 2012 names it).
   */
  *unregisterLocked(node: RcuNode<IrqAckNotifier>): Procedure<void> {
    yield this.list.update;
    this.list.delete(node);
  }

  /** The guest has ended the interrupt of line `gsi` (kvm_notify_acked_irq). */
  *notifyAckedIrq(gsi: number): Procedure<void> {
    const ticket = yield* this.irqSrcu.readLockSteps();
    yield this.list.read;
    let node = this.list.first;
    while (node !== undefined) {
      if (node.item.gsi === gsi) yield* node.item.irqAcked();
      yield this.list.read;
      node = node.next;
    }
    yield* this.irqSrcu.readUnlockSteps(ticket);
  }
}
