import { RcuList, RcuNode, type Srcu } from '../machine/rcu.js';
import type { Procedure } from '../machine/step.js';
import type { IrqAckNotifier } from './ack-notifiers.js';
import type { EventfdCtx } from './eventfd.js';

/** An irqfd with resampling, as its line knows it. */
export interface ResampledIrqfd {
  readonly gsi: number;
  readonly eventfd: EventfdCtx;
  /** Tells its user that the guest has ended the interrupt. */
  readonly resamplefd: EventfdCtx | undefined;
  /** True while it is assigned. */
  readonly active: boolean;
  resampler: Resampler | undefined;
  /** Its place on the resampler's list. */
  readonly link: RcuNode<ResampledIrqfd>;
}

/** The interrupt lines of a virtual machine. */
export interface IrqLines {
  /** In its read-side sections a resampler's irqfds are walked (kvm->irq_srcu). */
  readonly irqSrcu: Srcu;
  /** Sets a source's level on a line. @param by the irqfd that does, for those who keep the books. */
  setIrq(sourceId: number, gsi: number, level: boolean, by?: ResampledIrqfd): Procedure<number>;
}

/**
 * What the irqfds with resampling of one line have in common (virt/kvm/eventfd.c struct kvm_kernel_irqfd_resampler).
 *
 * Access rules: `irqfds` is changed under irqfds.resampler_lock and read in read-side sections of kvm->irq_srcu.
 */
export class Resampler implements IrqAckNotifier {
  readonly irqfds: RcuList<ResampledIrqfd>;
  /** Its place on the list of ack notifiers. */
  readonly notifier: RcuNode<IrqAckNotifier> = new RcuNode<IrqAckNotifier>(this);

  constructor(
    private readonly kvm: IrqLines,
    readonly gsi: number,
    readonly sourceId: number,
  ) {
    this.irqfds = new RcuList(`resampler of GSI ${gsi}`);
  }

  /**
   * The guest has ended the interrupt: the line goes down once for all, then each irqfd's user looks at its device
   * (irqfd_resampler_ack).
   */
  *irqAcked(): Procedure<void> {
    yield* this.kvm.setIrq(this.sourceId, this.gsi, false);
    yield* this.notify();
  }

  /** Each irqfd's user looks at its device (irqfd_resampler_notify). */
  *notify(): Procedure<void> {
    const { kvm, irqfds } = this;
    const ticket = yield* kvm.irqSrcu.readLockSteps();
    yield irqfds.read;
    let node = irqfds.first;
    while (node !== undefined) {
      const { resamplefd } = node.item;
      if (resamplefd !== undefined) yield* resamplefd.signal();
      yield irqfds.read;
      node = node.next;
    }
    yield* kvm.irqSrcu.readUnlockSteps(ticket);
  }
}
