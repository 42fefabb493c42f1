import { assert } from '../lib/assert.js';
import { type Procedure, SharedObject, SharedWord, type Step } from './step.js';

/** Waits until every reader with a ticket below `end` has left. Whoever labels steps copies them. */
interface GracePeriod extends Step {
  readonly end: number;
}

function isGracePeriod(step: Step): step is GracePeriod {
  return 'end' in step;
}

/**
 * Read-copy-update whose readers may sleep (struct srcu_struct). A grace period ends when all readers that were
 * inside at its start have left; later readers are not waited for (in the kernel they sometimes are, which only
 * makes fewer things possible).
 */
export class Srcu extends SharedObject {
  /** Ticket of the reader that enters next. */
  private next = 0;
  /** Tickets of the readers inside, ascending. */
  private readonly inside: number[] = [];
  private readonly enterStep: Step = { object: this, kind: 'read' };
  private readonly leaveStep: Step = { object: this, kind: 'release' };
  private readonly startStep: Step = { object: this, kind: 'update' };

  override blocks(step: Step): boolean {
    return isGracePeriod(step) && this.inside.length !== 0 && this.inside[0] < step.end;
  }

  /** srcu_read_lock has a full barrier, too. */
  override drains(): boolean {
    return true;
  }

  /** Number of readers inside. */
  get readers(): number {
    // Two readers that enter commute, hence their steps of kind `read`; somebody who counts them commutes with neither.
    this.announce();
    return this.inside.length;
  }

  /** Enters a read-side section; the ticket is for readUnlockSteps (srcu_read_lock). @primitive */
  *readLockSteps(): Procedure<number> {
    yield this.enterStep;
    const ticket = this.next++;
    this.inside.push(ticket);
    return ticket;
  }

  /** Leaves the section that readLockSteps gave `ticket` for (srcu_read_unlock). @primitive */
  *readUnlockSteps(ticket: number): Procedure<void> {
    yield this.leaveStep;
    const at = this.inside.indexOf(ticket);
    assert(at >= 0, 'read-side section left twice', { srcu: this.name, ticket });
    this.inside.splice(at, 1);
    this.wakeWaiters();
  }

  /** What readers that run in one go do: no grace period can end before they have left, so they need no ticket. */
  readLock(): number {
    return 0;
  }

  readUnlock(_ticket: number): void {}

  /** Waits for a grace period (synchronize_srcu). */
  *synchronize(): Procedure<void> {
    yield this.startStep;
    if (this.inside.length === 0) return;
    const period: GracePeriod = { object: this, kind: 'wait', end: this.next };
    yield period;
  }
}

/** An element of an RcuList. Once deleted it may not be added again. */
export class RcuNode<T> {
  /** Stays as it was when the node is deleted, so that a reader who stands on it finds the way on. */
  next: RcuNode<T> | undefined;

  constructor(readonly item: T) {}
}

/**
 * A list that readers walk without a lock (hlist_head and list_head with the _rcu functions).
 *
 * Access rules: whoever changes it holds its owner's lock and yields `update` before; a reader is in a read-side
 * section and yields `read` before it looks at `first` or at a node's `next`.
 */
export class RcuList<T> extends SharedWord {
  private head: RcuNode<T> | undefined;

  /** The first element; from it on `next` leads to the others. */
  get first(): RcuNode<T> | undefined {
    this.announceRead();
    return this.head;
  }

  get isEmpty(): boolean {
    this.announceRead();
    return this.head === undefined;
  }

  /** Adds an element before all others (hlist_add_head_rcu, list_add_rcu). */
  addHead(node: RcuNode<T>): void {
    this.announce();
    node.next = this.head;
    this.head = node;
  }

  /** Takes an element out (hlist_del_rcu, list_del_rcu). */
  delete(node: RcuNode<T>): void {
    this.announce();
    if (this.head === node) {
      this.head = node.next;
      return;
    }
    let before = this.head;
    while (before !== undefined && before.next !== node) before = before.next;
    assert(before !== undefined, 'deleted node is not on the list', { list: this.name });
    before.next = node.next;
  }
}
