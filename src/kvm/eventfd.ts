import { Lock } from '../machine/lock.js';
import { type Procedure, SharedObject, type Step } from '../machine/step.js';

/** Who is told at once, in the signalling context, what happens to an eventfd (a custom wait queue entry). */
export interface EventfdWaiter {
  /** The eventfd was signalled (EPOLLIN); called with the wait queue's lock held. */
  wakeup(): Procedure<void>;
  /** The eventfd's last file was closed (EPOLLHUP); called with the wait queue's lock held. */
  hangup(): Procedure<void>;
}

/**
 * An eventfd (fs/eventfd.c struct eventfd_ctx). Its counter does not overflow in the model.
 *
 * Access rules: `waiters` belongs to `lock`, the wait queue's. The counter is changed under it too; a reader in user
 * space takes it in one step, which the kernel also does under the lock.
 */
export class EventfdCtx extends SharedObject {
  /** Number of signals since it was made. */
  signals = 0;
  private counter = 0;
  private readonly lock: Lock;
  private readonly entries: EventfdWaiter[] = [];
  private readonly updateStep: Step = { object: this, kind: 'update' };
  private readonly readStep: Step = { object: this, kind: 'read' };
  private readonly waitStep: Step = { object: this, kind: 'wait' };

  constructor(name: string) {
    super(name);
    this.lock = new Lock(`wait queue of ${name}`);
  }

  override blocks(step: Step): boolean {
    return step.kind === 'wait' && this.counter === 0;
  }

  /** Signals that nobody has read yet. */
  get count(): number {
    return this.counter;
  }

  /** Adds 1 and wakes who waits (eventfd_signal; user space's write of 1). */
  *signal(): Procedure<void> {
    yield* this.lock.lock();
    yield this.updateStep;
    this.counter += 1;
    this.signals += 1;
    this.wakeWaiters();
    for (const entry of this.entries) yield* entry.wakeup();
    yield* this.lock.unlock();
  }

  /** User space's blocking read: waits for a signal, returns how many there were and forgets them. */
  *read(): Procedure<number> {
    yield this.waitStep;
    const { counter } = this;
    this.counter = 0;
    return counter;
  }

  /** The counter is read and forgotten by a waiter that was just woken (eventfd_ctx_do_read). */
  doRead(): void {
    this.counter = 0;
  }

  /** Adds a waiter and tells whether a signal is there already (vfs_poll). */
  *poll(waiter: EventfdWaiter): Procedure<boolean> {
    yield* this.lock.lock();
    this.entries.push(waiter);
    yield* this.lock.unlock();
    yield this.readStep;
    return this.counter > 0;
  }

  /** Takes a waiter away and forgets unread signals (eventfd_ctx_remove_wait_queue). */
  *removeWaiter(waiter: EventfdWaiter): Procedure<void> {
    yield* this.lock.lock();
    yield this.updateStep;
    this.counter = 0;
    const at = this.entries.indexOf(waiter);
    if (at >= 0) this.entries.splice(at, 1);
    yield* this.lock.unlock();
  }

  /** The last file that refers to the eventfd is gone (eventfd_release). */
  *release(): Procedure<void> {
    yield* this.lock.lock();
    for (const entry of this.entries) yield* entry.hangup();
    yield* this.lock.unlock();
  }
}

/** The file descriptors of the process that runs the virtual machine; all are eventfds. */
export class EventfdTable {
  private readonly files = new Map<number, EventfdCtx>();
  private nextFd = 3;

  /** Makes an eventfd (eventfd2). */
  eventfd(name: string): number {
    const fd = this.nextFd++;
    this.files.set(fd, new EventfdCtx(name));
    return fd;
  }

  /** The eventfd behind `fd`; undefined if nothing is open there (eventfd_ctx_fdget). */
  get(fd: number): EventfdCtx | undefined {
    return this.files.get(fd);
  }

  /** The eventfd behind `fd`. @throws RangeError if nothing is open there. */
  open(fd: number): EventfdCtx {
    const eventfd = this.files.get(fd);
    if (eventfd === undefined) throw new RangeError(`file descriptor ${fd} is not open`);
    return eventfd;
  }

  /** Closes `fd`. @throws RangeError if nothing is open there. */
  *close(fd: number): Procedure<void> {
    const eventfd = this.open(fd);
    this.files.delete(fd);
    yield* eventfd.release();
  }
}
