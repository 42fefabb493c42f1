import { Lock } from '../machine/lock.js';
import { type Procedure, SharedWord } from '../machine/step.js';
import type { WorkItem } from './work.js';

/** An irqfd as the list knows it. */
export interface ListedIrqfd {
  /** True while it is on the list (irqfd_is_active). */
  active: boolean;
  /** Takes it down, after it has left the list. */
  readonly shutdown: WorkItem;
}

/**
 * The irqfds of a virtual machine: those that are assigned, and those on their way out (struct kvm's irqfds, and the
 * workqueue kvm-irqfd-cleanup).
 *
 * Access rules: the list and each irqfd's `active` belong to `lock` (irqfds.lock, a spin lock).
 */
export class IrqfdList<Irqfd extends ListedIrqfd> {
  readonly lock = new Lock('irqfds.lock');
  private readonly items: Irqfd[] = [];
  /** Irqfds whose shutdown is queued or runs: what is on the workqueue. */
  private readonly cleanup = new Set<Irqfd>();
  private readonly cleanupWord = new SharedWord('kvm-irqfd-cleanup');

  /** The irqfds that are assigned, in order of assignment. */
  get assigned(): readonly Irqfd[] {
    return this.items;
  }

  add(irqfd: Irqfd): void {
    this.items.push(irqfd);
    irqfd.active = true;
  }

  /** An irqfd leaves the list, and its shutdown is about to be queued. */
  *remove(irqfd: Irqfd): Procedure<void> {
    this.items.splice(this.items.indexOf(irqfd), 1);
    irqfd.active = false;
    yield this.cleanupWord.update;
    this.cleanup.add(irqfd);
  }

  /** An irqfd's shutdown is done. */
  *cleaned(irqfd: Irqfd): Procedure<void> {
    yield this.cleanupWord.update;
    this.cleanup.delete(irqfd);
  }

  /** Waits for the shutdowns that are queued now (flush_workqueue). */
  *flushCleanup(): Procedure<void> {
    yield this.cleanupWord.read;
    for (const irqfd of [...this.cleanup]) yield* irqfd.shutdown.flush();
  }
}
